"""Signing, comparing, delivering and keeping reports."""
