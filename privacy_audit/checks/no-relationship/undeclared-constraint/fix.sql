alter table message_deliveries drop constraint once_a_pair;
alter table users drop constraint no_competitors;
