-- finds: public.=(character varying,character varying)
create function takes_over(a varchar, b varchar) returns boolean language sql
begin atomic
  select true;
end;
create operator = (leftarg = varchar, rightarg = varchar, function = takes_over);
