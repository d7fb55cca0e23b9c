drop function note_writer() cascade;
