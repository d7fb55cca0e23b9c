-- What else does the database hold? One row an object; facts carry the fields of the record of its kind.
select
  'schema' as kind,
  pg_catalog.jsonb_build_object(
    'name', n.nspname,
    'owner', pg_catalog.pg_get_userbyid(n.nspowner),
    'extension', (
      select e.extname
      from pg_catalog.pg_depend as d
      inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
      where
        d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and d.objid = n.oid
        and d.deptype = 'e'
    )
  ) as facts
from pg_catalog.pg_namespace as n
where
  -- public has a number of initdb's, whatever it is called now
  (n.oid >= 16384 or n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema'))
  -- a session's own space for temporary objects comes with the session
  and not (
    (n.nspname ~ '^pg_(toast_)?temp_[0-9]+$')
    and not exists (
      select 1
      from pg_catalog.pg_class as c
      where c.relnamespace = n.oid
    )
  )
union all
select
  'extension' as kind,
  pg_catalog.jsonb_build_object(
    'name', e.extname,
    'version', e.extversion,
    'schema', n.nspname,
    'owner', pg_catalog.pg_get_userbyid(e.extowner)
  ) as facts
from pg_catalog.pg_extension as e
inner join pg_catalog.pg_namespace as n on e.extnamespace = n.oid
union all
select
  'rule' as kind,
  pg_catalog.jsonb_build_object(
    'schema', n.nspname,
    'table', c.relname,
    'name', r.rulename,
    'event',
    case r.ev_type
      when '1' then 'select'
      when '2' then 'update'
      when '3' then 'insert'
      when '4' then 'delete'
    end,
    'instead', r.is_instead,
    'enabled',
    case r.ev_enabled
      when 'O' then 'origin'
      when 'A' then 'always'
      when 'R' then 'replica'
      when 'D' then 'disabled'
    end,
    'definition', pg_catalog.pg_get_ruledef(r.oid)
  ) as facts
from pg_catalog.pg_rewrite as r
inner join pg_catalog.pg_class as c on r.ev_class = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  r.oid >= 16384
  and r.rulename <> '_RETURN'
union all
select
  'policy' as kind,
  pg_catalog.jsonb_build_object(
    'schema', n.nspname,
    'table', c.relname,
    'name', p.polname,
    'command',
    case p.polcmd
      when '*' then 'all'
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
    end,
    'permissive', p.polpermissive,
    'roles', (
      select
        pg_catalog.jsonb_agg(
          case r.role when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(r.role)::text end
          order by pg_catalog.pg_get_userbyid(r.role)
        )
      from pg_catalog.unnest(p.polroles) as r (role)
    ),
    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
  ) as facts
from pg_catalog.pg_policy as p
inner join pg_catalog.pg_class as c on p.polrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
union all
select
  'event trigger' as kind,
  pg_catalog.jsonb_build_object(
    'name', t.evtname,
    'event', t.evtevent,
    'enabled',
    case t.evtenabled
      when 'O' then 'origin'
      when 'A' then 'always'
      when 'R' then 'replica'
      when 'D' then 'disabled'
    end,
    'owner', pg_catalog.pg_get_userbyid(t.evtowner),
    'function', t.evtfoid::pg_catalog.regprocedure::text,
    'tags', pg_catalog.to_jsonb(t.evttags),
    'extension', (
      select e.extname
      from pg_catalog.pg_depend as d
      inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
      where
        d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
        and d.objid = t.oid
        and d.deptype = 'e'
    )
  ) as facts
from pg_catalog.pg_event_trigger as t
union all
select
  'default privilege' as kind,
  pg_catalog.jsonb_build_object(
    'role', pg_catalog.pg_get_userbyid(da.defaclrole),
    'schema', n.nspname,
    'kind',
    case da.defaclobjtype
      when 'r' then 'table'
      when 'S' then 'sequence'
      when 'f' then 'function'
      when 'T' then 'type'
      when 'n' then 'schema'
      when 'L' then 'large object'
    end,
    'grantee', case x.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(x.grantee)::text end,
    'privileges', pg_catalog.jsonb_agg(x.privilege_type order by x.privilege_type),
    'grantable', pg_catalog.jsonb_agg(x.privilege_type order by x.privilege_type)
    filter (where x.is_grantable)
  ) as facts
from pg_catalog.pg_default_acl as da
left join pg_catalog.pg_namespace as n on da.defaclnamespace = n.oid
cross join lateral pg_catalog.aclexplode(da.defaclacl) as x
where x.grantee <> da.defaclrole
group by
  da.oid,
  da.defaclrole,
  da.defaclobjtype,
  n.nspname,
  x.grantee
union all
select
  'publication' as kind,
  pg_catalog.jsonb_build_object(
    'name', p.pubname,
    'owner', pg_catalog.pg_get_userbyid(p.pubowner),
    'all_tables', p.puballtables,
    'schemas', (
      select pg_catalog.jsonb_agg(n.nspname order by n.nspname)
      from pg_catalog.pg_publication_namespace as pn
      inner join pg_catalog.pg_namespace as n on pn.pnnspid = n.oid
      where pn.pnpubid = p.oid
    ),
    'tables', (
      select
        pg_catalog.jsonb_agg(
          pr.prrelid::pg_catalog.regclass::text
          || coalesce(
            ' ('
            || (
              select
                pg_catalog.string_agg(
                  pg_catalog.quote_ident(a.attname), ', '
                  order by a.attnum
                )
              from pg_catalog.pg_attribute as a
              where
                a.attrelid = pr.prrelid
                and a.attnum = any(pr.prattrs::int2[])
            )
            || ')', ''
          )
          || coalesce(' where ' || pg_catalog.pg_get_expr(pr.prqual, pr.prrelid), '')
          order by pr.prrelid::pg_catalog.regclass::text
        )
      from pg_catalog.pg_publication_rel as pr
      where pr.prpubid = p.oid
    ),
    'publishes', pg_catalog.to_jsonb(
      pg_catalog.array_remove(
        array[
          case when p.pubinsert then 'insert' end,
          case when p.pubupdate then 'update' end,
          case when p.pubdelete then 'delete' end,
          case when p.pubtruncate then 'truncate' end
        ],
        null
      )
    ),
    'via_root', p.pubviaroot
  ) as facts
from pg_catalog.pg_publication as p
union all
select
  'subscription' as kind,
  pg_catalog.jsonb_build_object(
    'name', s.subname,
    'owner', pg_catalog.pg_get_userbyid(s.subowner),
    'enabled', s.subenabled,
    'publications', pg_catalog.to_jsonb(s.subpublications)
  ) as facts
from pg_catalog.pg_subscription as s
where
  s.subdbid = (
    select d.oid
    from pg_catalog.pg_database as d
    where d.datname = pg_catalog.current_database()
  )
union all
select
  'statistics' as kind,
  pg_catalog.jsonb_build_object(
    'schema', n.nspname,
    'name', s.stxname,
    'table', s.stxrelid::pg_catalog.regclass::text,
    'owner', pg_catalog.pg_get_userbyid(s.stxowner),
    'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
    'target', nullif(s.stxstattarget, -1)
  ) as facts
from pg_catalog.pg_statistic_ext as s
inner join pg_catalog.pg_namespace as n on s.stxnamespace = n.oid
union all
select
  'foreign server' as kind,
  pg_catalog.jsonb_build_object(
    'name', s.srvname,
    'wrapper', w.fdwname,
    'owner', pg_catalog.pg_get_userbyid(s.srvowner),
    'options', pg_catalog.to_jsonb(s.srvoptions),
    'mappings', (
      select pg_catalog.jsonb_agg(um.usename order by um.usename)
      from pg_catalog.pg_user_mappings as um
      where um.srvid = s.oid
    ),
    'extension', null
  ) as facts
from pg_catalog.pg_foreign_server as s
inner join pg_catalog.pg_foreign_data_wrapper as w on s.srvfdw = w.oid
union all
select
  'large objects' as kind,
  pg_catalog.jsonb_build_object(
    'owner', pg_catalog.pg_get_userbyid(lo.lomowner),
    'count', count(*)
  ) as facts
from pg_catalog.pg_largeobject_metadata as lo
group by lo.lomowner
union all
select
  'other' as kind,
  pg_catalog.jsonb_build_object(
    'kind', o.type,
    'schema', case
    -- quoted, as PostgreSQL gives it
      when o.schema like '"%' then replace(substr(o.schema, 2, length(o.schema) - 2), '""', '"')
      else o.schema
    end,
    'name', o.identity,
    'owner', case when things.owner is not null then pg_catalog.pg_get_userbyid(things.owner) end,
    'definition', things.definition,
    -- Membership is what somebody declared: it counts only where the extension's own C code stands behind it.
    -- `code` is that; null in a family of operators, which is what stands in it, and in a wrapper.
    'extension', (
      select e.extname
      from pg_catalog.pg_depend as d
      inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
      where
        d.classid = things.class
        and d.objid = things.object
        and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        and d.deptype = 'e'
        and (
          things.code is null
          or exists (
            select 1
            from pg_catalog.pg_depend as fd
            inner join pg_catalog.pg_proc as f on fd.objid = f.oid
            inner join pg_catalog.pg_language as l on f.prolang = l.oid
            where
              fd.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
              and fd.objid = things.code
              and fd.refclassid = d.refclassid
              and fd.refobjid = d.refobjid
              and fd.deptype = 'e'
              and (l.lanname = 'internal' or (l.lanname = 'c' and f.probin like '$libdir/%'))
          )
        )
    )
  ) as facts
from (
  select
    'pg_catalog.pg_operator'::pg_catalog.regclass as class,
    op.oid as object,
    op.oprowner as owner,
    'procedure ' || op.oprcode::text as definition,
    op.oprcode::oid as code
  from pg_catalog.pg_operator as op
  union all
  select
    'pg_catalog.pg_cast'::pg_catalog.regclass as class,
    ca.oid as object,
    null as owner,
    -- e: only when asked for; a: on assignment; i: anywhere
    'context ' || ca.castcontext::text || ' method ' || ca.castmethod::text
    || coalesce(' function ' || nullif(ca.castfunc, 0)::pg_catalog.regprocedure::text, '') as definition,
    -- without a function of its own, by the type that is not PostgreSQL's
    coalesce(nullif(ca.castfunc, 0), (
      select t.typinput
      from pg_catalog.pg_type as t
      where t.oid in (ca.castsource, ca.casttarget)
      order by t.oid desc
      limit 1
    ))::pg_catalog.oid as code
  from pg_catalog.pg_cast as ca
  union all
  select
    'pg_catalog.pg_opclass'::pg_catalog.regclass as class,
    oc.oid as object,
    oc.opcowner as owner,
    'for ' || pg_catalog.format_type(oc.opcintype, null)
    || case when oc.opcdefault then ' default' else '' end as definition,
    greatest(
      (
        select am.amhandler::pg_catalog.oid from pg_catalog.pg_am as am
        where am.oid = oc.opcmethod
      ),
      (
        select pg_catalog.max(p.amproc::pg_catalog.oid) from pg_catalog.pg_amproc as p
        where p.amprocfamily = oc.opcfamily
      )
    ) as code
  from pg_catalog.pg_opclass as oc
  union all
  select
    'pg_catalog.pg_opfamily'::pg_catalog.regclass as class,
    f.oid as object,
    f.opfowner as owner,
    '' as definition,
    null as code
  from pg_catalog.pg_opfamily as f
  union all
  select
    'pg_catalog.pg_collation'::pg_catalog.regclass as class,
    co.oid as object,
    co.collowner as owner,
    'provider ' || co.collprovider::text || coalesce(' ' || co.collcollate, '') as definition,
    0::pg_catalog.oid as code
  from pg_catalog.pg_collation as co
  union all
  select
    'pg_catalog.pg_conversion'::pg_catalog.regclass as class,
    cv.oid as object,
    cv.conowner as owner,
    'procedure ' || cv.conproc::text as definition,
    cv.conproc::pg_catalog.oid as code
  from pg_catalog.pg_conversion as cv
  union all
  select
    'pg_catalog.pg_language'::pg_catalog.regclass as class,
    l.oid as object,
    l.lanowner as owner,
    case when l.lanpltrusted then 'trusted' else 'untrusted' end as definition,
    l.lanplcallfoid::pg_catalog.oid as code
  from pg_catalog.pg_language as l
  union all
  select
    'pg_catalog.pg_transform'::pg_catalog.regclass as class,
    tf.oid as object,
    null as owner,
    'from ' || tf.trffromsql::text || ' to ' || tf.trftosql::text as definition,
    greatest(tf.trffromsql::pg_catalog.oid, tf.trftosql::pg_catalog.oid)::pg_catalog.oid as code
  from pg_catalog.pg_transform as tf
  union all
  select
    'pg_catalog.pg_am'::pg_catalog.regclass as class,
    am.oid as object,
    null as owner,
    'handler ' || am.amhandler::text as definition,
    am.amhandler::pg_catalog.oid as code
  from pg_catalog.pg_am as am
  union all
  select
    'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass as class,
    w.oid as object,
    w.fdwowner as owner,
    'handler ' || coalesce(nullif(w.fdwhandler, 0)::pg_catalog.regproc::text, '-') as definition,
    null as code
  from pg_catalog.pg_foreign_data_wrapper as w
  union all
  select
    'pg_catalog.pg_ts_config'::pg_catalog.regclass as class,
    tc.oid as object,
    tc.cfgowner as owner,
    '' as definition,
    0::pg_catalog.oid as code
  from pg_catalog.pg_ts_config as tc
  union all
  select
    'pg_catalog.pg_ts_dict'::pg_catalog.regclass as class,
    td.oid as object,
    td.dictowner as owner,
    coalesce(td.dictinitoption, '') as definition,
    (
      select tt.tmpllexize from pg_catalog.pg_ts_template as tt
      where tt.oid = td.dicttemplate
    )::pg_catalog.oid as code
  from pg_catalog.pg_ts_dict as td
  union all
  select
    'pg_catalog.pg_ts_parser'::pg_catalog.regclass as class,
    tp.oid as object,
    null as owner,
    '' as definition,
    tp.prsstart::pg_catalog.oid as code
  from pg_catalog.pg_ts_parser as tp
  union all
  select
    'pg_catalog.pg_ts_template'::pg_catalog.regclass as class,
    tt.oid as object,
    null as owner,
    '' as definition,
    tt.tmpllexize::pg_catalog.oid as code
  from pg_catalog.pg_ts_template as tt
) as things
cross join lateral pg_catalog.pg_identify_object(things.class, things.object, 0) as o
where things.object >= 16384
