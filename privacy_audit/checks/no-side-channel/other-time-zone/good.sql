-- UTC by its long name.
alter role nosender_app set timezone = 'Etc/UTC';
alter role nosender_app reset timezone;
