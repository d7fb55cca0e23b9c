"""Layouts: the same tables on an engine that distributes them, and what each of its rules costs there."""
