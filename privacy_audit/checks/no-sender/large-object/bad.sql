-- finds: large objects of postgres
select lo_from_bytea(0, 'who wrote to whom'::bytea);
