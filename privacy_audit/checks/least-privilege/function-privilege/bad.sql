-- finds: public.audit_revision()
-- finds: public.users_guard()
grant execute on function audit_revision() to public;
create role example_caller;
grant execute on function users_guard() to example_caller;
