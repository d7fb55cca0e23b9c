alter table ephemeral_keys set logged;
alter table messages disable row level security;
