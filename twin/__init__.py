"""The twin without a screen; imports no Qt, no VTK."""
