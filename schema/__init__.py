"""What the database is: its DDL, the meaning of its columns, and how to look at one."""
