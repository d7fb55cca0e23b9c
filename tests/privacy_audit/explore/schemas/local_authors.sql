-- Everything on one device: who the holder is stands in a table that only contacts refer to, by the word author.
-- finds: contacts.author_id
-- finds: contacts.local_author_id
-- finds: offers.contact_id
create table local_authors (author_id bytea primary key, name varchar(50) not null, public_key bytea not null);
create table contacts (
    contact_id serial primary key, author_id bytea not null, name varchar(50) not null,
    local_author_id bytea not null references local_authors (author_id)
);
create table offers (
    message_id bytea not null, contact_id integer not null references contacts (contact_id),
    primary key (message_id, contact_id)
);
