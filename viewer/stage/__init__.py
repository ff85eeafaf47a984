"""A whole room on stage: hubs, city, consoles of several operators and a director, as processes."""
