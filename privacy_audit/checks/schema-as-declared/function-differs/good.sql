-- How dear a function is taken to be does not change what it does.
alter function deliver_to_destination_only() cost 500;
