"""One file a layer; each has one LAYER record."""
