-- Each row is a text column of another schema with values that are phone numbers of ours. Plain SQL cannot go
-- through columns that it does not know, so this asks the counting function; read its text with
-- \sf audit_matching_values
select a.schema_name || '.' || a.table_name || '.' || a.column_name as subject
from audit_matching_values() as a
where a.matching > 0
order by subject
