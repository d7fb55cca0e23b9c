"""Synthetic users, devices and messages, with real cryptography and no sender anywhere."""
