drop role example_backup;
drop role example_spy;
revoke example_owner from example_group;
drop role example_analyst;
drop role example_group;
alter table messages owner to current_user;
drop role example_owner;
