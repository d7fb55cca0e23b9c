-- To look into a schema is not to create in it.
grant usage on schema public to public;
