drop function takes_over(varchar, varchar) cascade;
