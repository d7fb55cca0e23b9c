drop owned by example_reader;
drop role example_reader;
