-- Somebody who may log in is a member of the group, and not the group of somebody.
create role example_login login in role nosender_app;
drop role example_login;
