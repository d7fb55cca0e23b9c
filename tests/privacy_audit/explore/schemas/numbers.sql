-- Messages between phone numbers, with a foreign key nowhere: only the values tell.
-- finds: messages.source
-- finds: messages.destination
create table accounts (id bigserial primary key, number varchar(255) unique not null, data json);
create table keys (id bigserial primary key, number varchar(255) not null, device_id bigint, public_key text);
create table messages (
    id bigserial primary key, "timestamp" bigint, source text, source_device integer, destination text, content bytea
);
-- rows
insert into accounts (number) select '+4915' || (10000000 + i) from generate_series(1, 60) as i;
insert into keys (number, device_id, public_key)
select '+4915' || (10000001 + i % 60), 1, md5('k' || i) from generate_series(1, 100) as i;
insert into messages ("timestamp", source, source_device, destination, content)
select
    1700000000000 + i * 977, '+4915' || (10000001 + i * 7 % 60), 1, '+4915' || (10000001 + (i * 11 + i / 60) % 60),
    sha512(i::text::bytea)
from generate_series(1, 300) as i;
