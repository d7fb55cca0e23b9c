-- An archive of stories: people write under names of their own, and only those stand beside what was written.
-- finds: comments.mask_id
-- finds: bookmarks.mask_id
-- finds: works_masks.mask_id
-- finds: works_masks.invited_mask_id
create table users (id bigint primary key, login varchar(64) unique, email text unique);
create table masks (id bigint primary key, user_id bigint not null references users (id), name varchar(64) not null);
create table comments (id bigint primary key, mask_id bigint references masks (id), body text, created_at timestamp);
create table bookmarks (id bigint primary key, mask_id bigint references masks (id), work_id bigint not null);
create table works_masks (
    work_id bigint not null, mask_id bigint not null references masks (id), invited_mask_id bigint references masks (id),
    primary key (work_id, mask_id)
);
create table wardrobes (id bigint primary key, user_id bigint not null references users (id), name varchar(64));
create table shelves (id bigint primary key, wardrobe_id bigint references wardrobes (id));
create table drawers (id bigint primary key, wardrobe_id bigint references wardrobes (id));
