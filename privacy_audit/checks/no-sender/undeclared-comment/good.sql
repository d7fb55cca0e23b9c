-- No comment says nothing.
comment on column users.id is null;
