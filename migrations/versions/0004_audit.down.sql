-- Take back: Create the functions through which the audit counts.
drop function audit_content();
drop function audit_deliveries();
drop function audit_extent();
drop function audit_identifiers();
drop function audit_ledger();
drop function audit_matching_values();
drop function audit_order();
drop function audit_overdue(grace interval);
drop function audit_public_keys();
drop function audit_revision();
drop function audit_rows(of_table text, random_pages integer);
drop function audit_same_transaction();
drop function audit_session_key_owners();
drop function audit_shared_values();
drop function audit_sizes();
drop function audit_statistics();
drop function audit_times();
