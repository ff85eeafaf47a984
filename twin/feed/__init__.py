"""Recorded series and tracks, replayed as live data. Imports no Qt, no VTK."""
