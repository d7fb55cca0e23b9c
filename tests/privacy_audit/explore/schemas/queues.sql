-- A store of queues: each has an end to write and one to read, which stand in no other row.
create schema relay;
create table relay.queues (
    recipient_id bytea primary key, sender_id bytea not null unique, recipient_key bytea, updated_at bigint
);
create table relay.messages (
    message_id bigserial primary key, recipient_id bytea not null references relay.queues, msg_ts bigint, msg_body bytea
);
-- rows
insert into relay.queues
select sha256(('r' || i)::bytea), sha256(('s' || i)::bytea), sha256(('k' || i)::bytea), 1700000000 + i
from generate_series(1, 60) as i;
insert into relay.messages (recipient_id, msg_ts, msg_body)
select sha256(('r' || (1 + i % 60))::bytea), 1700000000 + i, sha512(i::text::bytea) from generate_series(1, 200) as i;
