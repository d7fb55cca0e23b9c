"""Compares two Observations, and writes the SQL that turns one into the other."""
