"""Peers: other programs that do the same work on the same machine."""
