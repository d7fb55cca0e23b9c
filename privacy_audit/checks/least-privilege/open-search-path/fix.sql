drop function open_door();
drop function lost_door();
drop function first_door();
drop function wide_door();
drop schema shared;
