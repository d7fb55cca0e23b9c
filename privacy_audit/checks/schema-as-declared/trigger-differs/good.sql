-- One that always fires is defined as before.
alter table messages enable always trigger messages_guard;
