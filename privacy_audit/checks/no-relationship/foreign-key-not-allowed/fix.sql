alter table messages drop constraint messages_destination_phone_fkey;
alter table users drop column invited_by;
