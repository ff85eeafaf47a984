"""One file a command type; each has one COMMAND record."""
