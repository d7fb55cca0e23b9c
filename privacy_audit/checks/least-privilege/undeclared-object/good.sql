-- What the declared extension brought along is declared with it.
create schema extensions;
alter extension btree_gist set schema extensions;
