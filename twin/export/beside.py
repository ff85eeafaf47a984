"""Where a file is written before it takes its name, so that none is ever half there."""

from __future__ import annotations

from pathlib import Path


def beside(path: Path) -> Path:
    """The file that becomes `path` when it is whole."""
    return path.with_name(f".{path.name}.part")
