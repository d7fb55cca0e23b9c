-- The right that is declared, given once more.
grant execute on function audit_deliveries() to nosender_auditor;
