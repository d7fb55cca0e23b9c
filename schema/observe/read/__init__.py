"""Questions to pg_catalog, and records from the answers."""
