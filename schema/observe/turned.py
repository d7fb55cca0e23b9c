"""The knobs as an Observation has them: a function of values, which are read, and not compared as text."""

from dataclasses import replace

from nosender.schema.knobs import FUNCTION, Knobs, read
from nosender.schema.observe.model import Function
from nosender.schema.observe.observation import Observation


def values_of(observation: Observation) -> Knobs | None:
    """The values that stand in the schema; None where the function is missing or of another form."""
    found = next((each for each in observation.functions if _is_it(observation, each)), None)
    return read(found.body) if found is not None else None


def with_values_of(expected: Observation, live: Observation) -> Observation:
    """What is expected, with the values of `live` where both have the function in its declared form."""
    knobs = values_of(live)
    if knobs is None or values_of(expected) is None:
        return expected
    functions = tuple(
        replace(each, body=knobs.body()) if _is_it(expected, each) else each for each in expected.functions
    )
    return replace(expected, functions=functions)


def _is_it(observation: Observation, function: Function) -> bool:
    return (function.schema, function.name, function.identity) == (observation.schema, FUNCTION, "")
