"""Deletes what has expired, under a role of its own, and leaves a receipt that others can check."""
