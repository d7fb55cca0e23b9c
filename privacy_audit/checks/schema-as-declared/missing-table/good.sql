-- An empty table is there all the same.
truncate ephemeral_keys;
