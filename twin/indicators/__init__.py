"""Indicators of a city, each with the observations behind it. Imports `twin.sense`, `twin.room`."""
