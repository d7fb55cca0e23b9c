reassign owned by example_owner to current_user;
drop owned by example_owner;
drop role example_owner;
