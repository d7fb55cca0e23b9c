-- finds: public.messages.messages_author_fkey
-- finds: public.threads.threads_message_id_fkey
-- Straight, and around a corner.
alter table messages add column author integer;
alter table messages add constraint messages_author_fkey foreign key (author) references users (id);
create table threads (message_id bigint, owner integer);
alter table threads add constraint threads_message_id_fkey foreign key (message_id) references messages (id);
alter table threads add constraint threads_owner_fkey foreign key (owner) references users (id);
