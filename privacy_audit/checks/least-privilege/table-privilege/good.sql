-- The owner's own rights, said aloud.
grant all on messages to current_user;
