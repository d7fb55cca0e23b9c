-- Always is more than the usual.
alter table messages enable always trigger messages_guard;
