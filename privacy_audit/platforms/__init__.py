"""Somebody else's server: what is known of a platform, and whom a verdict on it trusts by name.

A profile excuses nothing. It moves a finding from the findings to a trusted party, which every report names.
"""
