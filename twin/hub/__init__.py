"""The one writer: core without I/O, journal, server."""
