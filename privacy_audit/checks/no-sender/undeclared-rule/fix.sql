drop table copies cascade;
