drop function open_door();
