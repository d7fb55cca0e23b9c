-- finds: btree_gist
drop extension btree_gist cascade;
