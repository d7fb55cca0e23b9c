-- A relay that keeps what its people said where; whose it is stands one table further. Credentials, limits
-- and settings name nobody else.
-- finds: lines.author
-- finds: lines.post_target
-- finds: post_target.link
-- finds: post_target.target
-- finds: seen_receipt.link
-- finds: seen_receipt.target
-- finds: channel.link
-- finds: fan_thumbs.fan
-- finds: ignores.ignores_json
-- finds: users.invited_by_user_id
-- finds: huddles.creator
-- finds: huddles.invited_emails
create table users (
    id serial primary key, username text unique, invited_by_user_id integer references users
);
create table user_credentials (
    uid integer references users, username text, mechanism text, value text, primary key (uid, username, mechanism)
);
create table link (id serial primary key, user_id integer not null references users, host text, nick text);
create table channel (id serial primary key, link integer not null references link, name text, detached boolean);
create table post_target (
    id serial primary key, link integer not null references link, target text, unique (link, target)
);
create table seen_receipt (
    id serial primary key, link integer not null references link, target text, at timestamptz, unique (link, target)
);
create table lines (
    id serial primary key, post_target integer not null references post_target, author text, text text, at timestamptz
);
create table thumbs (id serial primary key, line integer not null references lines, thumb text);
create table fan_thumbs (
    thumb integer not null references thumbs, fan integer not null references users, primary key (thumb, fan)
);
create table ignores (fan_id integer primary key references users, ignores_json text);
create table huddles (
    id uuid primary key, creator integer, title text, conversation_id uuid, invited_emails text [], start_time timestamptz
);
create table settings (
    id serial primary key, user_id integer references users, rate_limit_per_user integer, sort_profile text
);
