"""What `make generate` makes of a hand-written revision, the DDL and the catalogue, on a server that runs.

python generate.py CONNINFO        (in a checkout, with its own code)
"""

import sys
from pathlib import Path

from nosender.migrations.expect import expected
from nosender.privacy_audit import queries
from nosender.schema.catalogue import comments_sql, load
from nosender.schema.catalogue.docs import files
from nosender.schema.observe.canonical import make

conninfo = sys.argv[1]
catalogue = load()
Path("schema/ddl/85_comments.sql").write_text(comments_sql(catalogue), encoding="utf-8")
declared = make(conninfo)
Path("schema/observe/reference.json").write_text(declared.to_json(), encoding="utf-8")
types = {(each.table, each.name): each.type for each in declared.columns}
made = {Path("docs") / name: text for name, text in files(catalogue, types).items()} | expected(conninfo)
for path, text in made.items():
    path.write_text(text, encoding="utf-8")
queries.main()
