revoke all on messages from nosender_app;
revoke all (phone_number) on users from public;
revoke all on sequence messages_id_seq from nosender_app;
