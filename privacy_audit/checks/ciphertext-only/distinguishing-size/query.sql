-- One row when there are more lengths than a tenth of the messages, from a hundred messages on.
select pg_catalog.current_schema() || '.messages.encrypted_content' as subject
from messages as m
having
  pg_catalog.count(*) >= 100
  and pg_catalog.count(distinct pg_catalog.octet_length(m.encrypted_content)) * 10 > pg_catalog.count(*)
