reassign owned by example_landlord to current_user;
drop role example_landlord;
