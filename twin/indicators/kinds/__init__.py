"""One file an indicator; each has one INDICATOR record."""
