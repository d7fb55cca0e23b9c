-- What `nosender retention erase --rewrite` does, table by table.
select retention_rewrite('messages');
select retention_rewrite('ephemeral_keys');
