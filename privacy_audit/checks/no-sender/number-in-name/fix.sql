drop table inbox_15551234567;
comment on table users is 'The people who can receive messages, each by one phone number.';
