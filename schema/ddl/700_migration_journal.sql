set search_path = pg_catalog, pg_temp;

-- What `nosender db` applied: one row a revision that was done, with the checksum of its text, so that a
-- later edit shows; and one row a step of a revision that runs in steps, so that a crash between two steps
-- resumes. It says nothing of anybody: names of revisions, hashes and times.
create table public.migration_journal (
  id bigserial primary key,
  revision varchar(64) not null,
  direction varchar(10) not null,
  -- 0 for the whole revision, else the number of the step within it
  step integer not null default 0,
  algorithm smallint not null,
  checksum varchar(64) not null,
  recorded_at timestamp without time zone not null default (now() at time zone 'utc'),
  -- accept: the revision's text was changed on purpose, and this is the new checksum
  constraint migration_journal_direction_known check (direction in ('up', 'down', 'accept')),
  constraint migration_journal_step_range check (step >= 0),
  constraint migration_journal_algorithm_range check (algorithm >= 1),
  constraint migration_journal_checksum_form check (checksum ~ '^[0-9a-f]{64}$')
);

revoke all on table public.migration_journal from public;
revoke all on sequence public.migration_journal_id_seq from public;
