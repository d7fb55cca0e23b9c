"""What only developers run: it makes files that are committed."""
