"""Which line of our files a finding is shown at."""

from __future__ import annotations

from pathlib import Path

import pytest

from nosender.privacy_audit.result.source_lines import ELSE, place_of

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("public.messages", "table messages"),
        ("public.messages.destination_phone", "alter column destination_phone set statistics 0"),
        ("public.messages.message_type", "message_type varchar(20)"),
        ("public.messages.messages_timestamp_coarse", "constraint messages_timestamp_coarse"),
        ("public.idx_messages_expires_at", "create index idx_messages_expires_at"),
        ("public.messages.idx_messages_message_id", "create unique index idx_messages_message_id"),
        ("public.send_message(text, bytea, text, text, interval)", "create function send_message("),
    ],
)
def test_what_we_made_is_shown_where_it_was_last_touched(name: str, line: str) -> None:
    place = place_of(name)
    assert place.path.startswith("migrations/versions/")
    assert line in (ROOT / place.path).read_text(encoding="utf-8").splitlines()[place.line - 1]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("public.messages.sender_phone", "schema/catalogue/messages.toml"),
        ('public.users."odd ""name"". x"', "schema/catalogue/users.toml"),
        ("public.contacts", ELSE.path),
        ("other.archive.sender", ELSE.path),
        ("log_error_verbosity", ELSE.path),
        ("", ELSE.path),
        ('"', ELSE.path),
    ],
)
def test_what_somebody_else_made_is_shown_where_it_should_be_declared(name: str, file: str) -> None:
    place = place_of(name)
    assert (place.path, place.line) == (file, 1)
    assert (ROOT / place.path).is_file()
