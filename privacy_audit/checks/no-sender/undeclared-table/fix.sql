drop table delivery_log;
