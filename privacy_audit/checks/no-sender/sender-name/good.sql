-- Parts of words are not words: `ship` is no ip, `information` does not say from.
create schema crm;
create table crm.orders (ship date, information text, authority text);
