-- finds: public.messages.own_only
create policy own_only on messages using (destination_phone = current_setting('app.number', true));
