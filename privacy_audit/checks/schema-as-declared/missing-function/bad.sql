-- finds: public.audit_revision()
drop function audit_revision();
