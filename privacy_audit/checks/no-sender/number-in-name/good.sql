-- A date is not a number of anybody's.
create table backup_20261124 ();
create table backup_20261124120000 ();
