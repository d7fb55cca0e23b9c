drop view ephemeral_keys;
create table ephemeral_keys ();
create table messaging_public_keys ();
