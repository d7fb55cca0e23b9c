-- A board whose people are memberships, by name alone; beside it what staff keep books of, which links nobody.
-- finds: board_organization_memberships.user_id
-- finds: board_topics.user_id
-- finds: board_private_users.user_id
-- finds: board_post_views.organization_membership_id
-- finds: board_reactions.organization_membership_id
-- finds: board_messages.sender_id
-- finds: board_tasks.user_id
-- finds: board_tasks.assigned_to
-- finds: invites.sender
-- finds: invites.address
-- finds: bounced.mail_from
-- finds: bounced.rcpt_to
create table board_users (id bigserial primary key, email text, name text);
create table board_organization_memberships (id bigserial primary key, user_id bigint, organization_id bigint, role text);
create table board_topics (id bigserial primary key, user_id bigint, title text, slug text);
create table board_private_users (id bigserial primary key, topic_id bigint, user_id bigint);
create table board_posts (id bigserial primary key, organization_id bigint, title text, created_at timestamp);
create table board_post_views (id bigserial primary key, post_id bigint, organization_membership_id bigint);
create table board_reactions (
    id bigserial primary key, subject_id bigint, subject_type text, organization_membership_id bigint
);
create table board_messages (id bigserial primary key, sender_id bigint, content text, created_at timestamp);
create table board_tasks (id bigserial primary key, user_id bigint, assigned_to bigint, name text);
create table board_services (
    id bigserial primary key, name text, notes text, custom_email_sender_name text, billing_contact_names text,
    created_by_id bigint references board_users, updated_by_id bigint references board_users
);
create table board_templates (
    id bigserial primary key, content text, service_id bigint references board_services,
    created_by_id bigint references board_users, archived_by_id bigint references board_users
);
create table board_keys (
    id bigserial primary key, service_id bigint references board_services,
    created_by_id bigint references board_users, secret text
);
create table board_mailbox (id bigserial primary key, user_id bigint references board_users, email text);
create table board_partner (id bigserial primary key, name text);
create table board_domain (
    id bigserial primary key, user_id bigint references board_users, partner_id bigint references board_partner, domain text
);
create table invites (id bigserial primary key, room_id text, sender text, address text, token text);
create table bounced (id bigserial primary key, mail_from text, rcpt_to text);
create table logins (id bigserial primary key, user_id bigint references board_users, addr text);
