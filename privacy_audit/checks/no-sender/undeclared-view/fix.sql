drop view inbox;
drop materialized view last_seen;
drop schema reporting cascade;
