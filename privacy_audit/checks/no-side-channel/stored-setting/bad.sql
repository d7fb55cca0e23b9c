-- finds: nosender_app: application_name
alter role nosender_app set application_name = 'phone of somebody';
