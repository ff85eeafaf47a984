"""Noticing: detectors of unusual values, and what they say of why."""
