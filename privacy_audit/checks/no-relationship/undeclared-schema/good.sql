-- A neighbour with tables of its own.
create schema billing;
create table billing.invoices (number integer);
