-- What is declared, said once more: nothing.
alter table message_deliveries reset (fillfactor);
