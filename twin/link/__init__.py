"""Wire format and the client of the hub."""
