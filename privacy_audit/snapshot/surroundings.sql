-- Also bounds how long each later statement of the audit may take: five minutes.
-- What moves around the schema, in one row: other databases, what holds deleted rows back, what vacuum left,
-- replication slots and their receivers.
select
  array(
    select d.datname::text
    from pg_catalog.pg_database as d
    where
      d.datname <> pg_catalog.current_database()
      and d.datallowconn
      and not d.datistemplate
    order by d.datname::text
  ) as databases,
  (
    select
      coalesce(
        pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object('kind', h.kind, 'name', h.name, 'seconds', h.seconds)
          order by h.kind, h.name
        ),
        '[]'
      )
    from (
      select
        'prepared transaction' as kind,
        p.gid as name,
        extract(epoch from pg_catalog.clock_timestamp() - p.prepared)::bigint as seconds
      from pg_catalog.pg_prepared_xacts as p
      where p.database = pg_catalog.current_database()
      union all
      select
        'replication slot' as kind,
        s.slot_name::text as name,
        null as seconds
      from pg_catalog.pg_replication_slots as s
      where not s.active or s.xmin is not null
      union all
      select
        'session' as kind,
        'process ' || a.pid::text as name,
        extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::bigint as seconds
      from pg_catalog.pg_stat_activity as a
      where
        a.pid <> pg_catalog.pg_backend_pid()
        and a.backend_xmin is not null
        and a.backend_type = 'client backend'
    ) as h
  ) as holders,
  (
    select
      coalesce(
        pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object(
            'schema', t.schemaname,
            'table', t.relname,
            'dead', t.n_dead_tup,
            'live', t.n_live_tup,
            'pages', pg_catalog.pg_relation_size(t.relid)
            / pg_catalog.current_setting('block_size')::bigint,
            'seconds', extract(
              epoch from pg_catalog.clock_timestamp()
              - greatest(t.last_vacuum, t.last_autovacuum)
            )::bigint
          )
          order by t.relname
        ),
        '[]'
      )
    from pg_catalog.pg_stat_all_tables as t
    where t.schemaname = $1
  ) as vacuums,
  (
    select
      coalesce(
        pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object('name', s.slot_name, 'kind', s.slot_type)
          order by s.slot_name
        ),
        '[]'
      )
    from pg_catalog.pg_replication_slots as s
  ) as slots,
  (
    select pg_catalog.count(*)
    from pg_catalog.pg_stat_replication
  ) as standbys,
  -- Rights on PostgreSQL's own functions, catalogs and settings beyond those of initdb.
  (
    select
      coalesce(
        pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object(
            'grantee', coalesce(r.rolname, 'PUBLIC'), 'object', g.object, 'kind', g.kind, 'right', g.privilege
          )
          order by g.kind, g.object, r.rolname, g.privilege
        ),
        '[]'
      )
    from (
      (
        select
          'function' as kind,
          p.oid::pg_catalog.regprocedure::text as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_proc as p
        cross join lateral pg_catalog.aclexplode(p.proacl) as a
        where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
        union all
        select
          'catalog' as kind,
          c.oid::pg_catalog.regclass::text as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_class as c
        cross join lateral pg_catalog.aclexplode(c.relacl) as a
        where c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
        union all
        select
          'catalog' as kind,
          pg_catalog.format('%s.%I', f.attrelid::pg_catalog.regclass, f.attname) as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_attribute as f
        inner join pg_catalog.pg_class as k on f.attrelid = k.oid
        cross join lateral pg_catalog.aclexplode(f.attacl) as a
        where k.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
        union all
        select
          'setting' as kind,
          s.parname as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_parameter_acl as s
        cross join lateral pg_catalog.aclexplode(s.paracl) as a
      )
      except
      (
        select
          'function' as kind,
          i.objoid::pg_catalog.regprocedure::text as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_init_privs as i
        cross join lateral pg_catalog.aclexplode(i.initprivs) as a
        where i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        union all
        -- What a function has of itself, where initdb said nothing: a grant to anybody writes it down.
        select
          'function' as kind,
          p.oid::pg_catalog.regprocedure::text as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_proc as p
        left join pg_catalog.pg_init_privs as i
          on p.oid = i.objoid and i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        cross join lateral pg_catalog.aclexplode(pg_catalog.acldefault('f', p.proowner)) as a
        where
          p.oid < 16384 -- made by initdb
          and p.proacl is not null
          and i.objoid is null
        union all
        select
          'catalog' as kind,
          pg_catalog.concat(i.objoid::pg_catalog.regclass::text, '.' || pg_catalog.quote_ident(t.attname))
            as object,
          a.grantee,
          a.privilege_type as privilege
        from pg_catalog.pg_init_privs as i
        left join pg_catalog.pg_attribute as t
          on i.objoid = t.attrelid and i.objsubid = t.attnum and i.objsubid > 0
        cross join lateral pg_catalog.aclexplode(i.initprivs) as a
        where i.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
      )
    ) as g
    left join pg_catalog.pg_roles as r on g.grantee = r.oid
    where r.rolsuper is not true
  ) as system_rights,
  pg_catalog.pg_current_snapshot()::text as snapshot,
  pg_catalog.set_config('statement_timeout', '300000', true) as bound,
  (
    select b.rolname::text
    from pg_catalog.pg_roles as b
    where b.oid = 10 -- initdb's own
  ) as bootstrap,
  pg_catalog.jsonb_build_object(
    'system_identifier', (select c.system_identifier::text from pg_catalog.pg_control_system() as c),
    'timeline', (select c.timeline_id from pg_catalog.pg_control_checkpoint() as c),
    'started', pg_catalog.to_char(
      pg_catalog.pg_postmaster_start_time() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ),
    'role', case when pg_catalog.pg_is_in_recovery() then 'standby' else 'primary' end,
    'database_oid', (
      select d.oid::bigint
      from pg_catalog.pg_database as d
      where d.datname = pg_catalog.current_database()
    )
  ) as cluster,
  -- What the cluster calls by a name with as many digits as a phone number.
  (
    select
      coalesce(
        pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object('kind', n.kind, 'name', n.name)
          order by n.kind, n.name
        ),
        '[]'
      )
    from (
      -- no databases: those of pipelines are called by long numbers
      select
        'tablespace' as kind,
        pg_catalog.concat_ws(' ', t.spcname, pg_catalog.pg_tablespace_location(t.oid)) as name
      from pg_catalog.pg_tablespace as t
      union all
      select
        'replication origin' as kind,
        o.roname as name
      from pg_catalog.pg_replication_origin as o
      union all
      select
        'replication slot' as kind,
        s.slot_name::text as name
      from pg_catalog.pg_replication_slots as s
      union all
      select
        'prepared transaction' as kind,
        p.gid as name
      from pg_catalog.pg_prepared_xacts as p
      union all
      select
        'subscription' as kind,
        s.subname::text as name
      from pg_catalog.pg_subscription as s
      union all
      select
        'setting' as kind,
        s.parname as name
      from pg_catalog.pg_parameter_acl as s
      union all
      select
        'extension' as kind,
        pg_catalog.concat_ws(' ', e.extname, e.extversion) as name
      from pg_catalog.pg_extension as e
    ) as n
    where n.name ~ '[0-9]{7}'
  ) as numbered
