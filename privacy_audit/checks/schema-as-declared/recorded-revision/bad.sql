-- finds: public.alembic_version
-- Pairs of users, where no tool of ours and no ORM ever looks.
create table if not exists alembic_version (
  version_num varchar(32) not null constraint alembic_version_pkc primary key
);
insert into alembic_version (version_num)
values ('17-42'), ('17-43');
