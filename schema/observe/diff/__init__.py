"""Tells two Observations apart, and writes the SQL that turns one into the other."""
