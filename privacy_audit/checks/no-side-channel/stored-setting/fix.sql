alter role nosender_app reset application_name;
