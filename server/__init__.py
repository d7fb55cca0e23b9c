"""Finds a PostgreSQL, or starts one: the user's own, an embedded one, scratch databases.

A leaf: it knows nothing of schemas, migrations or audits.
"""
