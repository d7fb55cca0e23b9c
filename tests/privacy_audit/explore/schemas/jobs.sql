-- Looks like messaging and is none: jobs, reports that are added up, and mail that waits to be sent.
create table tasks (id bigserial primary key, task_id bytea unique, aggregator_role text, created_at timestamptz);
create table client_reports (
    id bigserial primary key, task_id bigint references tasks, report_id bytea, client_timestamp timestamptz,
    encrypted_input_share bytea, updated_by text
);
create table jobs (
    id bigserial primary key, queue text, payload jsonb, status text, attempts integer, locked_by text, run_at timestamptz
);
create table links (from_id uuid, from_type text, to_id uuid, to_type text, primary key (from_id, to_id));
create table email_outbox (
    id bigserial primary key, to_address text, subject text, body text, status text, created_at timestamptz
);
-- rows
insert into tasks (task_id, aggregator_role, created_at)
select sha256(i::text::bytea), 'leader', now() from generate_series(1, 30) as i;
insert into client_reports (task_id, report_id, client_timestamp, encrypted_input_share, updated_by)
select 1 + i % 30, sha256(i::text::bytea), now(), sha512(i::text::bytea), 'worker' || (i % 4)
from generate_series(1, 200) as i;
insert into jobs (queue, payload, status, attempts, locked_by, run_at)
select 'mail', '{"order": 1}', 'done', 1, 'worker' || (i % 4), now() from generate_series(1, 100) as i;
insert into email_outbox (to_address, subject, body, status, created_at)
select 'm' || (i % 40) || '@mail.test', 'Your order', 'Thank you for your order', 'sent', now()
from generate_series(1, 100) as i;
