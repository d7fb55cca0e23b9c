-- A declared sequence, counting from elsewhere.
alter sequence users_id_seq restart with 100;
