"""What leaves the console as a file of an open format."""
