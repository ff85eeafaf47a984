"""Public alerts as CAP 1.2 messages (OASIS): building, checking, reading. Imports `twin.city`."""
