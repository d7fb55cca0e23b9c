"""People who talk to each other, and the calls that their applications make. Who talks to whom stays here."""
