-- A second table that hangs on messages alone leads nowhere else.
create table attachments (message_id bigint references messages (id) on delete cascade);
