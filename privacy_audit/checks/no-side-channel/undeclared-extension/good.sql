-- A declared one, moved.
create schema extensions;
alter extension btree_gist set schema extensions;
