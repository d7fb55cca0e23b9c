-- Rights are not policies.
revoke all on messages from public;
