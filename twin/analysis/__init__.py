"""Measuring and asking the city: geometry, sky, small models of what it does. No Qt, no VTK."""
