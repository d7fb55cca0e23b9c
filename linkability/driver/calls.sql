-- The driver of 0.1.0's functions and of all that keep their signatures. It lives in a schema of its own, in
-- a scratch database; the attacker's copy does not hold it, and nothing in it says who sends.
create schema driver;

create unlogged table driver.calls (
  turn integer primary key,
  clock text not null,
  kind smallint not null,
  phone text,
  device integer,
  owner integer,
  token text,
  tokens text[],
  size integer,
  hours integer,
  replaced text,
  devices integer[]
);

-- Random bytes that ciphertexts are cut from: 1 MiB.
create unlogged table driver.noise (bytes bytea not null);

-- What an eager holder saw: each message in the first copy that shows it.
create unlogged table driver.seen (
  kind smallint not null,
  message bigint not null,
  phone text not null,  -- digits
  moment integer not null,
  primary key (kind, message)
);
create unlogged table driver.copies (kind smallint primary key, horizon xid not null);

-- Unlogged: drawing from it gives a transaction no id, so a function is the first write of its own. In a
-- string, because our linter does not know the word there.
do $$ begin execute 'create unlogged sequence driver.turn'; end $$;

-- Everybody registers, in this order; a call a transaction.
create procedure driver.register(phones text[], devices integer[])
language plpgsql
as $$
declare
  owner integer;
begin
  for place in 1..cardinality(phones) loop
    owner := public.register_user(phones[place]);
    commit;
    for device in 1..devices[place] loop
      perform public.register_device(
        owner, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
      );
      commit;
    end loop;
  end loop;
end
$$;

-- What a holder who copies the messages at `moment` (seconds) sees for the first time.
create procedure driver.copy(of_kind smallint, moment integer)
language plpgsql
as $$
declare
  before xid := (select horizon from driver.copies where kind = of_kind);
  behind xid := pg_snapshot_xmin(pg_current_snapshot())::xid;
begin
  insert into driver.seen (kind, message, phone, moment)
  select of_kind, id, substr(destination_phone, 2), moment
  from public.messages
  where before is null or age(xmin) <= age(before)
  on conflict do nothing;
  insert into driver.copies values (of_kind, behind)
  on conflict (kind) do update set horizon = excluded.horizon;
end
$$;

-- Takes calls from the queue, beside other connections that do the same, to the one numbered `last`.
create procedure driver.drive(last integer)
language plpgsql
as $$
declare
  bytes bytea := (select noise.bytes from driver.noise);
  number integer;
  call driver.calls;
  ids bigint[];
begin
  loop
    number := nextval('driver.turn');
    exit when number > last;
    select * into call from driver.calls where calls.turn = number;
    perform set_config('nosender.clock', call.clock, false);  -- nothing was written yet, so what follows is first
    case call.kind
      when 0 then
        perform public.send_message(
          call.phone,
          substr(bytes, 1 + number * 37 % 1000000, call.size),
          call.token,
          case when call.size > 1000 then 'media' else 'text' end,
          make_interval(hours => call.hours)
        );
      when 1 then
        ids := array(select id from public.fetch_messages(call.device, 1000));
        if cardinality(ids) > 0 then
          perform public.acknowledge(call.device, ids, 'delivered');
        end if;
      when 2 then
        -- The ids that the device got when it fetched.
        ids := array(select id from public.messages where message_id = any(call.tokens));
        if cardinality(ids) > 0 then
          perform public.acknowledge(call.device, ids, 'read');
        end if;
      when 3 then
        perform public.rotate_session_key(
          call.owner,
          call.replaced,
          call.token,
          call.devices,
          array(select substr(bytes, 1 + (number * 41 + place) % 1000000, 92) from generate_subscripts(call.devices, 1) as place)
        );
      when 4 then
        perform public.publish_ephemeral_key(call.phone, substr(bytes, 1 + number * 43 % 1000000, 32), call.token);
      when 5 then
        perform public.claim_ephemeral_key(call.phone, call.token);
      else
        call driver.copy(call.kind, call.size);
    end case;
    commit;
  end loop;
end
$$;
