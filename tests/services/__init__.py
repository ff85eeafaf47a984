"""Real servers for tests: started on free ports of loopback, in a temporary folder."""
