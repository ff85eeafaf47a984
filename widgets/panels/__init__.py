"""One file a dock panel; each has one PANEL record."""
