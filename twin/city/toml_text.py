"""TOML in readable blocks, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def toml_text(table: Mapping[str, Any], name: tuple[str, ...]) -> Iterator[str]:
    """TOML text of a table; each inner one is a block (tomli-w alone writes short ones inline)."""
    import tomli_w

    plain, inner = {}, []
    for key, value in table.items():
        if isinstance(value, dict):
            inner.append((key, "[{}]", [value]))
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            inner.append((key, "[[{}]]", value))
        else:
            plain[key] = value
    yield tomli_w.dumps(plain)
    for key, heading, rows in inner:
        for row in rows:
            title = ".".join(_toml_key(one) for one in (*name, key))
            yield f"\n{heading.format(title)}\n"
            yield from toml_text(row, (*name, key))


def _toml_key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else json.dumps(name)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
