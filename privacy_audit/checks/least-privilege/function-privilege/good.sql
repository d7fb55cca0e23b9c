-- The declared right, given once more.
grant execute on function audit_revision() to nosender_auditor;
