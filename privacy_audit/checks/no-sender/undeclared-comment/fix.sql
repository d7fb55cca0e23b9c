comment on table messages is 'Encrypted messages that wait for their destination. Who sent them is nowhere.';
comment on column users.id is 'Number of the user, to which devices and keys refer.';
comment on schema public is 'standard public schema';
