-- Here the right number is known. Where it is not, nothing mends a chain: the ledger is evidence now.
set session_replication_role = replica;
update retention_runs set deleted = 0
where phase = 'finished';
