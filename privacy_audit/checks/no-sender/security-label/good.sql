-- A comment is not a label.
comment on sequence users_id_seq is null;
