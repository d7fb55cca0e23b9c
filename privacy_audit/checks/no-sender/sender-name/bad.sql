-- finds: crm.calls.fromIp
-- finds: crm.calls.sender_id
create schema crm;
create table crm.calls (sender_id integer, "fromIp" text, at date);
