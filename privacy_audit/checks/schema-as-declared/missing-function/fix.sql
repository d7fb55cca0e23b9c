create function audit_revision() returns text language sql as 'select null::text';
