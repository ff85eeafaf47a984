"""The actuator's side of a command: what it remembers, what it refuses, once and only once."""
