"""Geometry in tiles and its baked light."""
