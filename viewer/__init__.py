"""Composition: command line, app, main window."""
