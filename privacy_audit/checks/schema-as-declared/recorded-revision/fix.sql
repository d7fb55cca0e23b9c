delete from alembic_version
where version_num like '17-%';
