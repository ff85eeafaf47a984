"""One file a city format; each has one READER record."""
