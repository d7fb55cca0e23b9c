-- What surrounds the schema: the database, roles, and the settings that can reveal or keep data?
select
  'database' as kind,
  pg_catalog.jsonb_build_object(
    'name', d.datname,
    'owner', pg_catalog.pg_get_userbyid(d.datdba),
    'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
    'collation', d.datcollate,
    'character_type', d.datctype,
    'server', pg_catalog.current_setting('server_version_num')::int,
    'reader', current_user,
    -- what PostgreSQL shows only to some: as a member, a role inherits or could SET ROLE
    'sees_settings', pg_catalog.pg_has_role(current_user, 'pg_read_all_settings', 'usage'),
    'superuser', pg_catalog.current_setting('is_superuser') = 'on'
  ) as facts
from pg_catalog.pg_database as d
where d.datname = pg_catalog.current_database()
union all
select
  'role' as kind,
  pg_catalog.jsonb_build_object(
    'name', r.rolname,
    'superuser', r.rolsuper,
    'login', r.rolcanlogin,
    'inherit', r.rolinherit,
    'create_role', r.rolcreaterole,
    'create_database', r.rolcreatedb,
    'replication', r.rolreplication,
    'bypass_row_security', r.rolbypassrls
  ) as facts
from pg_catalog.pg_roles as r
where r.oid >= 16384 or r.oid = 10
union all
select
  'membership' as kind,
  pg_catalog.jsonb_build_object(
    'role', pg_catalog.pg_get_userbyid(m.roleid),
    'member', pg_catalog.pg_get_userbyid(m.member),
    'admin', pg_catalog.bool_or(m.admin_option),
    -- the two options came with 16; before, inheriting was the member's property and SET always allowed
    'inherit', pg_catalog.bool_or(
      coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)
    ),
    'set', pg_catalog.bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::boolean, true))
  ) as facts
from pg_catalog.pg_auth_members as m
inner join pg_catalog.pg_roles as r on m.member = r.oid
where m.member >= 16384 or m.roleid >= 16384 -- what initdb gave pg_monitor says nothing
group by
  m.roleid,
  m.member
union all
select
  'role setting' as kind,
  pg_catalog.jsonb_build_object(
    'role', case when s.setrole <> 0 then pg_catalog.pg_get_userbyid(s.setrole) end,
    'database', d.datname,
    'name', pg_catalog.split_part(c.line, '=', 1),
    'value', pg_catalog.substr(c.line, pg_catalog.strpos(c.line, '=') + 1)
  ) as facts
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_database as d on s.setdatabase = d.oid
cross join lateral pg_catalog.unnest(s.setconfig) as c (line)
where s.setdatabase = 0 or d.datname = pg_catalog.current_database()
union all
select
  'setting' as kind,
  pg_catalog.jsonb_build_object(
    'name', s.name,
    'value', s.reset_val, -- not `setting`: reading pins some of them for its own transaction
    'default', s.boot_val,
    'source', s.source,
    'pending_restart', s.pending_restart
  ) as facts
from pg_catalog.pg_settings as s
