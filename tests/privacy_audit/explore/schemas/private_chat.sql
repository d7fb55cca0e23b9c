-- A messenger with keys everywhere: conversations, receipts, blocks and calls.
-- finds: participants.profile_id
-- finds: messages.sender_id
-- finds: receipts.profile_id
-- finds: blocks.blocker_id
-- finds: blocks.blocked_id
-- finds: calls.caller
-- finds: calls.callee
create table profiles (id uuid primary key, username text unique, created_at timestamptz default now());
create table conversations (id uuid primary key, title text);
create table participants (
    conversation_id uuid references conversations, profile_id uuid references profiles,
    primary key (conversation_id, profile_id)
);
create table messages (
    id uuid primary key, conversation_id uuid not null references conversations,
    sender_id uuid not null references profiles, ciphertext bytea, sent_at timestamptz default now()
);
create table receipts (
    message_id uuid references messages, profile_id uuid references profiles, read_at timestamptz,
    primary key (message_id, profile_id)
);
create table blocks (
    blocker_id uuid references profiles, blocked_id uuid references profiles, primary key (blocker_id, blocked_id)
);
create table calls (
    id uuid primary key, caller uuid references profiles, callee uuid references profiles, started_at timestamptz
);
create table push_tokens (id uuid primary key, profile_id uuid references profiles, token text, platform text);
-- rows
insert into profiles (id, username) select md5('u' || i)::uuid, 'name' || i from generate_series(1, 50) as i;
insert into conversations select md5('c' || i)::uuid, 'c' || i from generate_series(1, 20) as i;
insert into participants
select md5('c' || (1 + i % 20))::uuid, md5('u' || (1 + i % 50))::uuid from generate_series(1, 100) as i
on conflict do nothing;
insert into messages (id, conversation_id, sender_id, ciphertext)
select
    md5('m' || i)::uuid, md5('c' || (1 + i % 20))::uuid, md5('u' || (1 + i * 7 % 50))::uuid,
    sha512(i::text::bytea) || sha512(('x' || i)::bytea)
from generate_series(1, 200) as i;
