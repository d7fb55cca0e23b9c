-- Set and taken back, it is not stored.
alter role nosender_app set application_name = 'phone of somebody';
alter role nosender_app reset application_name;
