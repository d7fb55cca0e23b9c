-- A schema of that name leads nowhere.
create schema elsewhere;
