"""Where something stands in a TOML file, for errors that name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence


def line_of(lines: Sequence[str], head: str, i: int = 0, field: str = "") -> int | None:
    """Line (from 1) of the i-th ``[[head]]`` or ``[head]``, better that of a field in it.

    Parameters
    ----------
    lines : of the file
    head : "interlock", "areas.harbour"; "" = the top of the file

    Returns
    -------
    int or None
        None where it is not found, as in a table written inline.
    """
    start = _start(lines, head, i)
    if start is None:
        return None
    for n in range(start, len(lines)):
        if lines[n].lstrip().startswith("["):
            break
        if field and re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*[.=]", lines[n]):
            return n + 1
    return start if head else None


def _start(lines: Sequence[str], head: str, i: int) -> int | None:
    if not head:
        return 0
    parts = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in head.split("."))
    pattern = re.compile(rf"\s*\[\[?\s*{parts}\s*\]")
    hits = [n for n, line in enumerate(lines) if pattern.match(line)]
    return hits[i] + 1 if i < len(hits) else None
