-- An empty list loads nothing.
alter role nosender_sweeper set session_preload_libraries = '';
alter role nosender_sweeper reset session_preload_libraries;
