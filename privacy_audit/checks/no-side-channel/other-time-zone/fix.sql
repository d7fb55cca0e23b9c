alter role nosender_app reset timezone;
