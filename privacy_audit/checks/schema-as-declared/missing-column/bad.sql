-- finds: public.messages.expires_at
-- Without it nothing expires, and nothing is ever overdue.
alter table messages drop column expires_at;
