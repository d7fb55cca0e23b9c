drop function deliver_to_destination_only() cascade;
