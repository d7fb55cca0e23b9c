-- To take PUBLIC's rights away beforehand gives nothing.
alter default privileges revoke execute on functions from public;
