"""Ratios taken in one run against a bare peer; run by `make bench`."""
