"""Qt: viewport, panels, bridge; no drawing code."""
