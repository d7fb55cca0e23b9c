def render(o):
    raise NotImplementedError
