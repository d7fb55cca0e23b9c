-- A checkpoint writes nothing that is kept.
checkpoint; -- noqa: PRS
