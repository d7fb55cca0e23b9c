-- A new number for the key; a message keeps the one that its deliveries refer to, and goes with it.
update messaging_public_keys set id = default;
delete from messages;
