-- The one row that Alembic writes.
create table if not exists alembic_version (
  version_num varchar(32) not null constraint alembic_version_pkc primary key
);
delete from alembic_version;
insert into alembic_version (version_num)
values ('0018');
