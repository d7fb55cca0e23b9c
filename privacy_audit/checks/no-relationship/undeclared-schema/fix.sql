drop schema billing cascade;
drop schema reporting cascade;
drop schema api cascade;
