"""Write reference.json anew from the canonical DDL, on an embedded server."""

from pathlib import Path

from nosender.schema.observe.canonical import make
from nosender.server.embedded import EmbeddedServer

with EmbeddedServer() as server:
    text = make(server.conninfo()).to_json()
(Path(__file__).parent / "reference.json").write_text(text, encoding="utf-8")
