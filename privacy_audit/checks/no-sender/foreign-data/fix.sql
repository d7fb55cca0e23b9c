drop foreign data wrapper wire cascade; -- noqa: PRS
