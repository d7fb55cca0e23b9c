-- In another schema, it is installed.
create schema extensions;
alter extension btree_gist set schema extensions;
