vacuum (full) messages;
