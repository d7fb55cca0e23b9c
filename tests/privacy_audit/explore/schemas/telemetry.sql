-- Machines that report: tenants, customers and profiles are no people, and users at work say nothing of each other.
create table tenants (id uuid primary key, email varchar(255), phone varchar(32), tenant_profile_id uuid);
create table tenant_profiles (id uuid primary key, name varchar(255), profile_data jsonb);
create table asset_profiles (id uuid primary key, name varchar(255), first_rule_node_id uuid);
create table customers (id uuid primary key, tenant_id uuid, email varchar(255), phone varchar(32), title varchar(255));
create table app_users (id uuid primary key, tenant_id uuid, customer_id uuid, email varchar(255) unique);
create table alarms (id uuid primary key, tenant_id uuid, customer_id uuid, assignee_id uuid, severity varchar(32));
create table debug_events (id uuid primary key, tenant_id uuid, e_message varchar(255), e_error text, ts bigint);
create table rule_nodes (id uuid primary key, tenant_id uuid, queue_name varchar(255));
create table rule_chains (id uuid primary key, tenant_id uuid, first_rule_node_id uuid, name varchar(255));
