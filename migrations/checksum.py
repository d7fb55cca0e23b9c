"""A checksum of what a revision does: comments, spacing and line ends do not count, everything else does.

The algorithm has a version, kept beside every stored checksum. Changing it means a new version and keeping
the old one, or every database would report a change that nobody made.
"""

from __future__ import annotations

import ast
import hashlib
import re
from functools import lru_cache

ALGORITHM = 1

_TOKEN = re.compile(
    r"""
    (?:\s|--[^\n]*)+
  | (/\*)
  | (
      [eE]'(?:[^'\\]|''|\\.)*'
    | '[^']*'
    | "[^"]*"
    | \$(?P<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$.*?\$(?P=tag)\$
    | [\w\u0080-\uffff][\w$\u0080-\uffff]*
    | .
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


@lru_cache(maxsize=256)
def sql_tokens(text: str) -> tuple[str, ...]:
    """The tokens of an SQL script; a quoted piece and a function's body are one token each."""
    text = text.replace("\r\n", "\n")
    tokens = []
    position = 0
    while position < len(text):
        for match in _TOKEN.finditer(text, position):
            comment, token = match[1], match[2]
            if comment:
                break
            if token:
                tokens.append(token)
        else:
            break
        position = _after_comment(text, match.end())
    return tuple(tokens)


def _after_comment(text: str, position: int) -> int:
    """Behind the end of a block comment, which can hold others."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def sql_digest(text: str) -> str:
    """The checksum of one script, 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(sql_tokens(text)).encode()).hexdigest()


def python_digest(text: str) -> str:
    """The checksum of a revision's module: its syntax tree without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


@lru_cache(maxsize=64)  # each run asks for those of the whole chain
def revision_digest(module: str, up: str, down: str) -> str:
    """The checksum of a revision: its module and the SQL of both directions."""
    parts = (python_digest(module), sql_digest(up), sql_digest(down))
    return hashlib.sha256("".join(parts).encode()).hexdigest()
