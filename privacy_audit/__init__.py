"""Proves things about a live database, and says what it cannot see. It only ever reads."""
