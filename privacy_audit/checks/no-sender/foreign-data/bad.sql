-- finds: elsewhere
-- finds: wire
create foreign data wrapper wire; -- noqa: PRS
create server elsewhere foreign data wrapper wire;
create user mapping for public server elsewhere;
