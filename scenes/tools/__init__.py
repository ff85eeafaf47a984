"""One file a tool of the 3D view; each has one TOOL record."""
