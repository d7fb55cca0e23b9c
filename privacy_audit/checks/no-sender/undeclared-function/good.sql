-- A declared function, made anew with the same text, keeps what it is.
alter function audit_revision() cost 200;
