"""Parts of the room: one file an aggregate; each has one PART record."""
