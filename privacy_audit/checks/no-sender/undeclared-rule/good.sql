-- A view has a rule of its own, which is not this matter.
create view one as
select 1 as a;
