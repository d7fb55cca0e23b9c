-- A function that is slower than it was is there.
alter function audit_revision() cost 10000;
