drop function audit_deliveries();
alter function deliveries_really() rename to audit_deliveries;
alter function audit_overdue(interval) security definer;
