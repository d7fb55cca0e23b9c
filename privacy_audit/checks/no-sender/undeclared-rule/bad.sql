-- finds: public.messages.keep_copy
create table copies (destination text, role text);
create rule keep_copy as on insert to messages -- noqa: PRS
do also insert into copies values (new.destination_phone, session_user);
