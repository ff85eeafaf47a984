"""Import of a city into 3D Tiles 1.1 with a feature table. Imports no Qt, no VTK."""
