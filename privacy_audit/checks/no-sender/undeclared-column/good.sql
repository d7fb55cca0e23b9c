-- A declared column may be moved to another storage: it is the same column.
alter table messages alter column encrypted_content set storage external;
