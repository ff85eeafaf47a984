"""How values of attributes are compared with names that come from elsewhere."""

from __future__ import annotations


def key_text(value: object) -> str:
    """Numbers without a fraction are written without one, so that 7, 7.0 and "7" agree."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
