-- Rooms whose key has a name of its own that others bear without a foreign key; a machine's address is nobody's.
-- finds: nodes_last.created_luser
-- finds: nodes_subscribed.luser
create table users (username varchar(250) not null, server varchar(250) not null, primary key (server, username));
create table nodes (nidx bigserial primary key, name varchar(150) not null unique, options json);
create table nodes_last (nidx bigint primary key, itemid varchar(100), created_luser varchar(150), payload text);
create table nodes_subscribed (nidx bigint not null, luser varchar(150) not null, type smallint);
create table cluster_nodes (cluster_name varchar(100), node_num integer, address varchar(100), primary key (node_num));
