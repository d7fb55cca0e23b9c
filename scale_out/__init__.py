"""The same schema on several servers, distributed by Citus: what that would take, and where it stands."""
