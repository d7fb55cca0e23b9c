-- Functions in our schema with the exact arguments of calls that pg_catalog serves by a cast, a variadic or a
-- polymorphic function, and types by the names of PostgreSQL's.
do $$
declare
  signature text;
begin
  foreach signature in array array[
    'cardinality(text[]) returns integer', 'cardinality(integer[]) returns integer',
    'cardinality(bigint[]) returns integer', 'cardinality(bytea[]) returns integer',
    'cardinality(interval[]) returns integer', 'unnest(integer[]) returns setof integer',
    'unnest(text[]) returns setof text', 'array_position(bigint[], bigint) returns integer',
    'array_position(integer[], integer) returns integer', 'array_position(bytea[], bytea) returns integer',
    'num_nulls(bigint, bigint, integer, varchar) returns integer',
    'num_nulls(bigint, bigint, integer) returns integer',
    'num_nulls(bigint, varchar, bytea, text, timestamp, timestamp, varchar) returns integer',
    'num_nulls(integer, varchar, timestamp) returns integer', 'octet_length(varchar) returns integer',
    'char_length(varchar) returns integer', 'hashtextextended(text, integer) returns bigint',
    'hashtextextended(varchar, integer) returns bigint', 'pg_sleep(numeric) returns void',
    'quote_ident(name) returns text', 'quote_ident(varchar) returns text', 'format(text, text) returns text',
    'format(text, text, text) returns text', 'format(text, text, text, text) returns text',
    'format(text, regclass, text) returns text', 'jsonb_build_object(text, text) returns jsonb',
    'sha256(text) returns bytea', 'array_to_string(text[], text) returns text', 'to_jsonb(text[]) returns jsonb',
    'encode(bytea, varchar) returns text', 'date_trunc(varchar, timestamp) returns timestamp',
    'to_regclass(name) returns regclass', 'pg_relation_size(oid) returns bigint',
    'extract(text, timestamp) returns numeric', 'substring(varchar, integer, integer) returns text',
    'concat_ws(text, text, text) returns text', 'lower(varchar) returns text', 'round(real, integer) returns numeric'
  ] loop
    execute format(
      'create function public.%s language plpgsql as $f$begin raise log %L; return%s; end$f$', signature,
      'HIJACK ' || signature, case when signature ~ 'setof|void' then '' else ' null' end
    );
  end loop;
end
$$;
create function public.planted_check(anyelement) returns boolean language plpgsql as $$
begin
  raise log 'HIJACK a domain over %', pg_catalog.pg_typeof($1);
  return true;
end
$$;
do $$
declare
  name text;
begin
  foreach name in array array[
    'text', 'bytea', 'jsonb', 'json', 'numeric', 'name', 'uuid', 'regclass', 'tid', 'oid', 'xid', 'record_like'
  ] loop
    execute format(
      'create domain public.%I as pg_catalog.%I check (public.planted_check(value))', name,
      case name when 'record_like' then 'text' else name end
    );
  end loop;
end
$$;
