"""Desks of the hub: one file an aggregate; each has one DESK record and takes its kinds of acts."""
