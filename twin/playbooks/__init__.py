"""Playbooks: how an incident is worked, step by step, as readable files. Imports no Qt, no VTK."""
