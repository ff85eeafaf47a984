"""Drawing a twin with VTK; imports no Qt."""
