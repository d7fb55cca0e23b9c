-- A forum without foreign keys, whose people are known by the name of their key; lists of contacts in a text.
-- finds: posts.uid
-- finds: threads.uid
-- finds: threads.lastposteruid
-- finds: letters.uid
-- finds: letters.toid
-- finds: letters.fromid
-- finds: buddyrequests.uid
-- finds: buddyrequests.touid
-- finds: reputation.uid
-- finds: reputation.adduid
-- finds: threadratings.uid
-- finds: groupleaders.uid
-- finds: mailqueue.mailfrom
-- finds: mailqueue.mailto
-- finds: users.buddylist
create table users (uid serial primary key, username varchar(120) unique, email varchar(220), buddylist text, referrals integer);
create table posts (pid serial primary key, tid integer, uid integer, subject text, message text, dateline integer);
create table threads (tid serial primary key, uid integer, subject text, lastposteruid integer, dateline integer);
create table letters (pmid serial primary key, uid integer, toid integer, fromid integer, message text, dateline integer);
create table buddyrequests (id serial primary key, uid integer, touid integer, date integer);
create table reputation (rid serial primary key, uid integer, adduid integer, reputation integer, dateline integer);
create table threadratings (rid serial primary key, tid integer, uid integer, rating smallint);
create table groupleaders (lid serial primary key, gid integer, uid integer, canmanagemembers smallint);
create table mailqueue (mid serial primary key, mailto text, mailfrom text, subject text, message text);
create table adminoptions (uid integer primary key, style text, guid text);
create table searchlog (sid text primary key, uid integer, threads text, posts text, keywords text);
create table prices (id serial primary key, price_from integer, price_to integer, blocked integer, last_user_id integer);
