-- A schema of that name receives nothing.
create schema inside;
