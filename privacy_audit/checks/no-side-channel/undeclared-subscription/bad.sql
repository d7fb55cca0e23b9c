-- finds: inside
create subscription inside connection 'dbname=elsewhere' publication outside with (connect = false);
