drop schema billing cascade;
drop schema reporting cascade;
