"""A small messenger's backend: it stores for whom a message is, and never from whom."""
