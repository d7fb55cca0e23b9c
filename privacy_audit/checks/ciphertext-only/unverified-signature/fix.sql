delete from messaging_public_keys;
