"""A database in the layout takes a later revision as it is, in a form of its own, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import layout_step, runner
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.schema.layouts.scripts import keys_and_functions
from nosender.schema.layouts.standing import first_revision
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import ROOT, RunNosender, clone, run_module
from ..migrations.extra import add
from .test_apply import template


@pytest.fixture
def laid_out(server: EmbeddedServer) -> Iterator[str]:
    """A database in the layout; nothing here is about where its rows stand."""
    with clone(server, template(server)) as conninfo:
        with psycopg.connect(conninfo) as connection:
            connection.execute("drop table public.noted")
            connection.execute(keys_and_functions("public").encode())
        yield conninfo


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VERSIONS, tmp_path / "versions"))


def test_what_touches_nothing_of_the_layout_runs_as_it_is(laid_out: str, versions: Path) -> None:
    add(versions, "9001", "create table public.more (id bigint);\n", "drop table public.more;\n", pinned=True)
    target, options = Target(laid_out), runner.Options(versions=versions)
    assert runner.upgrade(target, options=options).after == "9001"
    assert runner.current(target, versions=versions).in_layout
    assert runner.downgrade(target, "-1", options).after == Chain.load().head


def test_what_touches_it_needs_a_form_of_its_own(
    laid_out: str, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(versions, "9001", "alter table public.messages add column more integer;\n", pinned=True)
    target, options = Target(laid_out), runner.Options(versions=versions)
    with pytest.raises(
        NosenderError, match=r"revision 9001 has no form for it \(messages\); nothing was changed"
    ):
        runner.upgrade(target, options=options)
    assert runner.current(target, versions=versions).revision == Chain.load().head
    forms = {
        "up": ("alter table public.messages add column kept integer", "select 1"),
        "down": ("alter table public.messages drop column kept",),
    }
    monkeypatch.setattr(layout_step, "sibling", lambda _schema, _revision, direction: forms[direction])
    assert runner.upgrade(target, options=options).after == "9001"
    with psycopg.connect(laid_out) as connection:
        connection.execute("select kept from messages")
    assert runner.downgrade(target, "-1", options).after == Chain.load().head


def test_it_goes_back_by_its_own_command(laid_out: str, run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", laid_out, "db", "current")
    assert answer.stdout == f"{Chain.load().head} (head), in the layout for Citus\n"
    for words in (("0017",), ("base", "--allow-data-loss")):
        answer = run_nosender("--url", laid_out, "db", "downgrade", *words)
        assert answer.returncode == 4
        assert "run nosender db scale-out back first" in answer.stderr
    answer = run_nosender("--url", laid_out, "db", "upgrade")
    assert (answer.returncode, "nothing to do" in answer.stdout) == (0, True)
    environment = {**os.environ, "DATABASE_URL": laid_out}
    for alembic, code, told in (
        ("current", 0, "(head)"),
        ("check", 0, ""),
        ("upgrade head", 0, ""),
        ("downgrade -1", 1, "nosender db scale-out back"),
    ):
        done = run_module("alembic", *alembic.split(), cwd=ROOT, env=environment)
        assert (done.returncode, told in done.stdout + done.stderr) == (code, True), (alembic, done.stderr)


def test_each_revision_since_the_layout_has_its_form() -> None:
    """Where this fails, write schema/layouts/citus/revisions/NNNN.up.sql and .down.sql."""
    later = [each for each in Chain.load().revisions if each.revision > first_revision()]
    layout_step.refuse_upgrade(later)


def test_what_counts_as_touching() -> None:
    for text, names in {
        "comment on table public.users is 'one; public.messages';": (),
        "create function public.new() as $$ select from public.messages $$;": (),
        "-- public.messages\nselect 1;": (),
        "create or replace function public.send_message(a text) as $x$ $x$;": ("send_message",),
        "create index i on public.users (id); update public.messages set id = 1": ("users", "messages"),
        "create table public.more (u int references public.users (id), d int);": (),
        "alter table public.more add foreign key (m) references public.messages (id);": ("messages",),
        "drop table public.messages_kept; alter function public.lifetime(interval) stable": (),
    }.items():
        assert layout_step.touched(text) == names, text
