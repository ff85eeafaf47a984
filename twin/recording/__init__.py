"""Recordings: one MCAP file of samples, facts and pictures of the room. Imports no Qt, no VTK."""
