"""Builders of small scans, good and hostile, for the tests. Nothing here is part of the library."""
