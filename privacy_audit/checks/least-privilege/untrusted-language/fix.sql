drop function wild_handler() cascade;
