alter role nosender_app reset all;
