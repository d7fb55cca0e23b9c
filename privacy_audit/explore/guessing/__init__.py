"""What columns and rows are taken for: people, groups, messages; from keys, names and counts."""
