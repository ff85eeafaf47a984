"""Seeded simulation of the hub's core: everything around it is invented, the core is not."""
