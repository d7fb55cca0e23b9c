-- finds: nosender_sweeper: session_preload_libraries
alter role nosender_sweeper set session_preload_libraries = 'auto_explain';
