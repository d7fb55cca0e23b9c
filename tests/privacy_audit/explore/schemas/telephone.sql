-- Calls and who watches whom, by addresses of telephony; speed dial is a pair, an alias is none.
-- finds: watchers.presentity_uri
-- finds: watchers.watcher_username
-- finds: dialogs.from_uri
-- finds: dialogs.to_uri
-- finds: cdr.src
-- finds: cdr.dst
-- finds: queue_cdrs.caller
-- finds: queue_cdrs.agent_id
-- finds: silo.src_addr
-- finds: silo.dst_addr
-- finds: speed_dial.username
-- finds: speed_dial.sd_username
-- finds: sip_capture.msg
create table subscriber (id serial primary key, username text, domain text, unique (username, domain));
create table aliases (
    id serial primary key, alias_username text, alias_domain text, username text, domain text,
    unique (alias_username, alias_domain)
);
create table watchers (
    id serial primary key, presentity_uri text, watcher_username text, watcher_domain text, event text,
    unique (presentity_uri, watcher_username, watcher_domain, event)
);
create table dialogs (id serial primary key, call_id text, from_uri text, to_uri text, from_tag text, to_tag text);
create table cdr (id serial primary key, src varchar(80), dst varchar(80), start timestamp, billsec integer);
create table queue_cdrs (id serial primary key, caller text, agent_id text, flow_id text, wait_time integer);
create table silo (id serial primary key, src_addr text, dst_addr text, snd_time integer, body bytea);
create table speed_dial (
    id serial primary key, username text, domain text, sd_username text, sd_domain text,
    unique (username, domain, sd_username, sd_domain)
);
create table sip_capture (id serial primary key, at timestamptz, callid text, msg text);
create table reports (id serial primary key, redirect_uri text, email_address text, inbox_uri text);
-- rows
insert into subscriber (username, domain) select 'u' || i, 'sip.test' from generate_series(1, 60) as i;
insert into aliases (alias_username, alias_domain, username, domain)
select 'a' || i, 'sip.test', 'u' || i, 'sip.test' from generate_series(1, 60) as i;
insert into watchers (presentity_uri, watcher_username, watcher_domain, event)
select 'sip:u' || (1 + i % 60) || '@sip.test', 'u' || (1 + i * 7 % 59), 'sip.test', 'presence'
from generate_series(1, 300) as i on conflict do nothing;
insert into dialogs (call_id, from_uri, to_uri, from_tag, to_tag)
select
    md5('c' || i), 'sip:u' || (1 + i % 60) || '@sip.test', 'sip:u' || (1 + i * 7 % 59) || '@sip.test',
    md5('f' || i), md5('t' || i)
from generate_series(1, 300) as i;
insert into speed_dial (username, domain, sd_username, sd_domain)
select 'u' || (1 + i % 60), 'sip.test', 'u' || (1 + i * 7 % 59), 'sip.test'
from generate_series(1, 200) as i on conflict do nothing;
insert into sip_capture (at, callid, msg)
select now(), md5('c' || i), 'INVITE sip:u1@sip.test' || chr(10) || 'From: <sip:u' || i || '@sip.test>'
from generate_series(1, 60) as i;
