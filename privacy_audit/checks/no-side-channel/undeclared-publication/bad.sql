-- finds: outside
create publication outside for table messages where (message_type = 'text');
