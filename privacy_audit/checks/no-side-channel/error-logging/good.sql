-- Where messages begin is another matter.
alter role nosender_app set log_min_messages = 'error';
alter role nosender_app reset all;
