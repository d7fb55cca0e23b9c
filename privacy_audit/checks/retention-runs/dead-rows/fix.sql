vacuum messages;
