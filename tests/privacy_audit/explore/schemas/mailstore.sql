-- A store of mail: people are addresses, mailboxes are shared, an address book says whose each contact is.
-- finds: address_fields.address
-- finds: deliveries.sender
-- finds: delivery_recipients.recipient
-- finds: replies.sent_from
-- finds: replies.sent_to
-- finds: acl.user_id
-- finds: notes.owner
-- finds: contacts.user_id
-- finds: contacts.email
-- finds: customer_notes.customer_id
-- finds: customer_notes.author_id
-- finds: sessions_keys.account_id
-- finds: sessions_keys.their_service_id
-- finds: stories.user_id
-- finds: saved.user_id
create table users (id serial primary key, login text unique);
create table addresses (id serial primary key, name text, localpart text, domain text, unique (localpart, domain));
create table messages (id serial primary key, idate integer, size integer);
create table mailboxes (id serial primary key, name text unique, owner integer references users, out_username text);
create table mailbox_messages (
    mailbox integer references mailboxes, uid integer, message integer references messages, primary key (mailbox, uid)
);
create table address_fields (message integer references messages, position integer, address integer references addresses);
create table deliveries (
    id serial primary key, sender integer references addresses, message integer references messages
);
create table delivery_recipients (
    id serial primary key, delivery integer references deliveries, recipient integer references addresses
);
create table replies (
    id serial primary key, sent_from integer references addresses, sent_to integer references addresses
);
create table acl (
    user_id integer references users, mailbox_id integer references mailboxes, rights text, primary key (user_id, mailbox_id)
);
create table notes (
    id serial primary key, mailbox integer, uid integer, owner integer references users, value text,
    foreign key (mailbox, uid) references mailbox_messages (mailbox, uid)
);
create table contacts (id serial primary key, user_id integer references users, name text, email text);
create table customers (id serial primary key, name text, email text, phone text);
create table customer_notes (
    id serial primary key, customer_id integer references customers, author_id integer references users, body text
);
create table sessions_keys (account_id text, their_service_id text, their_device_id integer, record bytea);
create table stories (id serial primary key, user_id integer references users, title text, created_at timestamptz);
create table comments (id serial primary key, story_id integer references stories, comment text, created_at timestamptz);
create table saved (
    id serial primary key, user_id integer references users, story_id integer references stories
);
create table mailbox_settings (id serial primary key, user_id integer references users, sort text);
