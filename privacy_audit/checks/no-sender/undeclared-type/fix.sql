drop type address;
drop type direction;
drop domain account;
