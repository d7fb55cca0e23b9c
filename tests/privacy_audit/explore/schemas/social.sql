-- A network whose people are identities, not users; names elsewhere, settings, copies and pages name nobody else.
-- finds: posts.author_id
-- finds: post_mentions.identity_id
-- finds: blocks.source_id
-- finds: blocks.target_id
-- finds: mutes.muter_id
-- finds: mutes.muted_id
-- finds: answers.pseud_id
-- finds: boosts.booster_id
-- finds: follows.follower_id
-- finds: notices.identity_id
-- finds: notices.actor_id
create table users (id serial primary key, email text, github_username text, twitter_username text);
create table identity (
    id serial primary key, username text, name text, followers_uri text, following_uri text, blocked_by_count integer,
    moved_to_identity_id integer
);
create table authorizations (
    id serial primary key, identity_id integer references identity, user_id integer references users, code text
);
create table posts (
    id serial primary key, author_id integer references identity, content text, cached_user_name text, published timestamptz
);
create table post_mentions (
    id serial primary key, post_id integer references posts, identity_id integer references identity
);
create table blocks (
    id serial primary key, source_id integer references identity, target_id integer references identity, mute boolean
);
create table boosts (id serial primary key, booster_id integer, post_id integer references posts, content text);
create table follows (
    id serial primary key, follower_id integer references identity, followable_id integer, followable_type text
);
create table notices (
    id serial primary key, identity_id integer references identity, actor_id integer references identity, action text
);
create table domains (
    id serial primary key, user_id integer references users, default_recipient_id integer, from_name text, domain text
);
create table page_views (id serial primary key, user_id integer references users, path text, referrer text);
create table events (id serial primary key, user_id integer references users, name text, properties jsonb, time timestamptz);
create table reports (id serial primary key, user_id integer references users, type_of_user text, utm_source text);
create table mutes (id serial primary key, muter_id integer, muted_id integer);
create table pseuds (id serial primary key, user_id integer, name text, description text);
create table answers (id serial primary key, pseud_id integer, original_text text, published timestamptz);
