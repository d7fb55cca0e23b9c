drop policy own_only on messages;
