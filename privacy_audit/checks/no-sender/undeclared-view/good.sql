-- A view elsewhere that reads nothing of ours.
create schema elsewhere;
create view elsewhere.one as
select 1 as a;
