"""What keeps rows from `call retention_sweep()`: it ends, and its receipt says what stayed."""

from __future__ import annotations

import psycopg
import pytest

KEEP = """
  create function keep() returns trigger language plpgsql as 'begin return null; end';
  insert into public.users (phone_number) values ('+15550100001');
  insert into public.messages (destination_phone, encrypted_content, message_id, expires_at)
  select '+15550100001', 'e'::text::bytea || repeat('x', 30)::bytea, 'message ' || n, '2020-01-01'
  from generate_series(1, 40) as n;
  insert into public.device_session_keys (user_id, session_key_id, encrypted_session_key, expires_at)
  select 1, 'key ' || n, repeat('x', 60)::bytea, '2020-01-01'
  from generate_series(1, 40) as n;
"""
HINDRANCES = {
    "a trigger before delete": (
        "messages", "create trigger keep before delete on messages for each row execute function keep()",
    ),
    "a trigger before update": (
        "device_session_keys",
        "create trigger keep before update on device_session_keys for each row execute function keep()",
    ),
    "a rule": ("messages", "create rule keep as on delete to messages do instead nothing"),
    "a trigger that keeps some": (
        "messages",
        "create trigger keep before delete on messages for each row when (old.id % 3 = 0)"
        " execute function keep()",
    ),
    "a trigger that keeps some keys": (
        "device_session_keys",
        "create trigger keep before update on device_session_keys for each row when (old.id % 3 = 0)"
        " execute function keep()",
    ),
}  # fmt: skip


OWNED = """
  do $$
  declare
    each text;
  begin
    for each in
      select 'table ' || oid::regclass from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r'
      union all
      select 'routine ' || p.oid::regprocedure from pg_proc as p
      where
        p.pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
    loop
      execute 'alter ' || each || ' owner to {0}';
    end loop;
  end
  $$
"""


@pytest.mark.parametrize("most", [7, 5000])
@pytest.mark.parametrize("name", HINDRANCES)
def test_rows_that_stay_are_told(migrated: str, name: str, most: int) -> None:
    table, hindrance = HINDRANCES[name]
    with psycopg.connect(
        migrated, autocommit=True, options="-c TimeZone=UTC -c statement_timeout=20s -c search_path=public"
    ) as owner:
        owner.execute(KEEP.encode())
        owner.execute(hindrance.encode())
        owner.execute("call public.retention_sweep(most => %s, duty => 1)", (most,))
        told = dict(
            owner.execute("select table_name, status from retention_runs where phase = 'swept'").fetchall()
        )
        (ended,) = owner.execute(
            "select status from retention_runs where phase = 'finished' order by id desc limit 1"
        ).fetchone() or ("",)
    assert {each for each, status in told.items() if status != "done"} == {table}
    assert told[table] == "partial"
    assert ended == "partial"


def test_row_security_is_an_error_and_never_fewer_rows(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True, options="-c TimeZone=UTC -c search_path=public") as admin:
        admin.execute(KEEP.encode())
        owner = f"rows_of_{admin.info.backend_pid}"
        admin.execute(f"create role {owner} login".encode())
        try:
            admin.execute(f"grant all on schema public to {owner}".encode())
            admin.execute(OWNED.format(owner).encode())
            admin.execute("alter table messages enable row level security, force row level security")
            with (
                psycopg.connect(migrated, user=owner, autocommit=True, options="-c TimeZone=UTC") as session,
                pytest.raises(psycopg.Error, match="row-level security"),
            ):
                session.execute("call public.retention_sweep()")
        finally:
            gone = f"reassign owned by {owner} to current_user; drop owned by {owner}; drop role {owner}"
            admin.execute(gone.encode())
