set allow_system_table_mods = on;
delete from pg_seclabel;
