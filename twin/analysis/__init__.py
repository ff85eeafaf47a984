"""Measuring and asking the city: pure geometry and sky. Imports no Qt, no VTK."""
