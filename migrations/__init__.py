"""The path from an empty database to our schema: Alembic's revisions, applied safely."""
