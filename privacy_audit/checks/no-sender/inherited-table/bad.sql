-- finds: archive.messages_2026
create schema archive;
create table archive.messages_2026 (sender text) inherits (public.messages);
