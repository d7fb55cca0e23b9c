-- On Citus: every table into one of the coordinator's, which is made anew, without what was dropped.
select pg_catalog.undistribute_table('public.message_deliveries');
select pg_catalog.undistribute_table('public.messages');
select pg_catalog.undistribute_table('public.webauthn_credentials', cascade_via_foreign_keys := true);
select pg_catalog.undistribute_table('public.users', cascade_via_foreign_keys := true);
