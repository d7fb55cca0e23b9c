-- How full its pages are made is no matter of how it is kept.
alter table ephemeral_keys set (fillfactor = 70);
