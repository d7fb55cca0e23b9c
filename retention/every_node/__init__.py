"""A database that Citus distributes: each node by a session of its own, and one ledger on the coordinator."""
