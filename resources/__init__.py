"""Data only: themes, ramps, icons."""
