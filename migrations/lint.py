"""What a revision must not do: mix what needs a transaction with what cannot have one."""

from __future__ import annotations

import ast
import re

from nosender.migrations.checksum import sql_tokens
from nosender.migrations.revisions import Chain, Revision, RevisionError, Step

_ONCE = re.compile(r"(create|drop|alter table .* add column)\b")
_TWICE = re.compile(r"\bif (not )?exists\b|\bor replace\b|\bconcurrently\b")  # indexes are looked at first


def require_sound(chain: Chain) -> None:
    """Raise RevisionError with the first problem of the first revision that has one."""
    for revision in chain.revisions:
        for problem in problems(revision):
            raise RevisionError(problem)


def problems(revision: Revision) -> list[str]:
    """Why a revision may not be used, a sentence each."""
    name = revision.path.name
    found = []
    if revision.transactional and _opens_autocommit(revision):
        found.append(
            f"{name} is transactional and opens an autocommit block, which commits half of it: "
            "make it a revision in steps (transactional = False)"
        )
    if _shares_op(revision):
        found.append(
            f"{name} reaches for alembic.op, which every thread of a process shares: "
            "write `from alembic import op`"
        )
    for direction in ("up", "down"):
        text = revision.sql(direction)
        if revision.transactional:
            found += [
                f"{name} is transactional, but {word} cannot stand in its {direction}.sql: "
                "make it a revision in steps (transactional = False)"
                for word in _outside_transactions(text)
            ]
        elif text and not revision.steps(direction):
            found.append(f"{name} runs in steps, but no `-- step: ` line stands in its {direction}.sql")
        else:
            for step in revision.steps(direction):
                found += [f"{name}, {direction} step {step.number}: {reason}" for reason in _unsafe(step)]
    return found


def _opens_autocommit(revision: Revision) -> bool:
    """Whether the module enters an autocommit block other than where it is told to run in steps."""
    tree = ast.parse(revision.path.read_text(encoding="utf-8"))
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "_run"
        for inner in ast.walk(node)
    }
    return any(
        isinstance(node, ast.Attribute) and node.attr == "autocommit_block" and node not in guarded
        for node in ast.walk(tree)
    )


def _shares_op(revision: Revision) -> bool:
    """Whether the module gets Alembic's operations in a way in which its own cannot be put in their place."""
    tree = ast.parse(revision.path.read_text(encoding="utf-8"))
    return any(
        (
            isinstance(node, ast.Import)
            and any(each.name.partition(".")[0] == "alembic" for each in node.names)
        )
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("alembic.op"))
        for node in ast.walk(tree)
    )


def _outside_transactions(text: str) -> list[str]:
    """The words in a script that PostgreSQL refuses in a transaction, or that would end it."""
    tokens = [token.lower() for token in sql_tokens(text)]
    starts = {token for at, token in enumerate(tokens) if at == 0 or tokens[at - 1] == ";"}
    for at in range(len(tokens) - 3):
        if tokens[at : at + 3] == ["refresh", "materialized", "view"]:
            tokens[at + 3] = ""  # CONCURRENTLY, which is allowed there
    found = [word.upper() for word in ("concurrently", "vacuum") if word in tokens]
    return found + [word.upper() for word in ("begin", "commit", "rollback") if word in starts]


def _unsafe(step: Step) -> list[str]:
    """Why a step could not be run alone, or not twice."""
    text = " ".join(token.lower() for token in sql_tokens(step.sql))
    count = len([statement for statement in text.split(" ; ") if statement.strip(" ;")])
    if count != 1:
        return [f"a step is one statement, this is {count}"]
    if _ONCE.match(text) and not _TWICE.search(text):
        return ["after a crash it may run twice: write `if not exists`, `if exists` or `or replace`"]
    return []
