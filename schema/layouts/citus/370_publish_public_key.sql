set search_path = pg_catalog, pg_temp;

-- Publishes a user's messaging key, signed by the identity key, and returns its version. The key before
-- it is revoked and inactive from the same statement on. Nobody but the owner of the identity key can
-- make the signature; whether it is right is for those who look the key up to verify, for the database
-- cannot.  The identity key is pinned: another one than before is refused unless new_identity says so,
-- and active_public_key tells since which version it stands.  Must be the first write of its transaction.
-- Errors: 22023 an argument is null, 23514 a key or signature of a wrong length or a point of low order,
-- 25001 not the first write, P0002 no such user, 55000 another identity key.
create or replace function public.publish_public_key(
  owner_id integer,
  x25519_key bytea,
  signature bytea,
  identity_key bytea,
  new_identity boolean default false
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  published integer;
  pinned bytea;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'publish_public_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (num_nulls(owner_id, x25519_key, signature, identity_key, new_identity) = 0) is not true then
    raise exception 'no argument may be null' using errcode = 'invalid_parameter_value';
  end if;

  -- Not a lock of the person's row, which on Citus is everybody's.
  perform pg_advisory_xact_lock(hashtext('nosender.person'), owner_id);
  perform 1 from public.users where id = owner_id;
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  loop
    update public.messaging_public_keys
    set is_active = false, revoked_at = now() at time zone 'utc'
    where user_id = owner_id and is_active;
    insert into public.messaging_public_keys (
      user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
    )
    select owner_id, x25519_key, signature, identity_key, coalesce(max(key_version), 0) + 1
    from public.messaging_public_keys
    where user_id = owner_id
    on conflict do nothing
    returning key_version into published;
    exit when published is not null;
  end loop;
  select ed25519_public_key into pinned from public.messaging_public_keys
  where user_id = owner_id and key_version < published
  order by key_version desc
  limit 1;
  if pinned <> identity_key and not new_identity then
    raise exception 'the identity key is another one than before'
      using errcode = 'object_not_in_prerequisite_state',
      hint = 'Publish it with new_identity => true if its owner replaced it: whoever looks it up sees that.';
  end if;
  return published;
end
$$;
