"""Where people meet: ties that a table is named by, and values that name several people or a sender."""
