-- A server of addresses: contact lists by local name and address, messages that wait as whole stanzas.
-- finds: rosterusers.username
-- finds: rosterusers.jid
-- finds: archive.username
-- finds: archive.peer
-- finds: spool.xml
-- finds: archive.xml
create table users (username text primary key, password text);
create table rosterusers (username text, jid text, nick text, subscription char(1));
create unique index on rosterusers (username, jid);
create table archive (id serial primary key, username text, peer text, xml text, at bigint);
create table spool (seq serial primary key, username text, xml text, created_at timestamp default now());
create table last (username text primary key, seconds text);
-- rows
insert into users select 'u' || i, md5('x' || i) from generate_series(1, 80) as i;
insert into rosterusers
select 'u' || (1 + i % 80), 'u' || (1 + i * 7 % 83) || '@host.test', 'nick', 'B'
from generate_series(1, 300) as i on conflict do nothing;
insert into archive (username, peer, xml, at)
select
    'u' || (1 + i % 80), 'u' || (1 + i * 7 % 83) || '@host.test',
    '<message from="u' || i || '@host.test"><body>come over</body></message>', 1700000000000000 + i * 1000003
from generate_series(1, 300) as i;
insert into spool (username, xml)
select 'u' || (1 + i % 80), '<message from="u' || i || '@host.test"><body>come over</body></message>'
from generate_series(1, 100) as i;
insert into last select 'u' || i, '1700000000' from generate_series(1, 80) as i;
