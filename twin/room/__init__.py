"""The room: a pure fold over the journal's events."""
