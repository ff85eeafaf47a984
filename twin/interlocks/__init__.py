"""Interlocks between departments: conditions of the city under which a command must not run."""
