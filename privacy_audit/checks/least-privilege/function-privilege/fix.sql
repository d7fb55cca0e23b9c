revoke execute on function audit_revision() from public;
drop owned by example_caller;
drop role example_caller;
