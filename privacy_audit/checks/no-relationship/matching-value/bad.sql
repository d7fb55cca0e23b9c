-- finds: crm.customers.telephone
insert into users (phone_number) values ('+4915100000001');
create schema crm;
create table crm.customers (name text, telephone text);
insert into crm.customers values ('somebody', '+49 151 0000-0001');
