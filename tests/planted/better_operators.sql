-- Operators in our schema for pairs of types that pg_catalog compares only by way of a cast: an exact match
-- in a later schema beats an inexact one in pg_catalog. Each logs its name and answers as the original would.
do $$
declare
  name text;
  l text;
  r text;
  result text;
  made integer := 0;
  types text[] := array[
    'text', 'varchar', 'bpchar', 'name', 'int2', 'int4', 'int8', 'oid', 'numeric', 'float4', 'float8', 'timestamp',
    'timestamptz', 'interval', '"char"', 'bytea', 'jsonb', 'regclass', 'regnamespace', 'bool', 'tid', 'int2[]',
    'int4[]', 'int8[]', 'text[]', 'varchar[]', 'bytea[]', 'xid', 'uuid', 'inet'
  ];
begin
  foreach name in array array[
    '=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '*', '/', '&', '~', '!~', '~*', '->', '->>', '#>', '#>>', '?|',
    '@>', '<@', '&&'
  ] loop
    foreach l in array types loop
      foreach r in array types loop
        begin
          continue when to_regoperator(format('pg_catalog.%s(%s,%s)', name, l, r)) is not null;
          execute format('select pg_typeof(null::%s operator(pg_catalog.%s) null::%s)', l, name, r) into result;
          made := made + 1;
          execute format(
            'create function public.better_%s(%s, %s) returns %s language plpgsql as $f$
             declare answer %4$s;
             begin
               raise log %5$L;
               if num_nulls($1) + num_nulls($2) > 0 then return null; end if;
               execute pg_catalog.format(''select %%L::%2$s operator(pg_catalog.%6$s) %%L::%3$s'', $1, $2) into answer;
               return answer;
             end$f$',
            made, l, r, result, format('HIJACK %s(%s,%s)', replace(name, '%', '%%'), l, r), name
          );
          execute format(
            'create operator public.%s (leftarg = %s, rightarg = %s, function = public.better_%s)', name, l, r, made
          );
        exception when others then  -- pg_catalog has no such operator, even with a cast
          null;
        end;
      end loop;
    end loop;
  end loop;
end
$$;
