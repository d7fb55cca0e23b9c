drop function contacts_of(integer);
drop function send_message();
