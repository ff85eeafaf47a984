"""Names that are spelled much like a wrong one, for sentences that help."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

MOST = 3


def near_names(wrong: str, names: Iterable[str]) -> str:
    """Up to three near names as "“a”, “b” or “c”"; "" when none is near."""
    by_folded = {name.casefold(): name for name in names}
    folded = wrong.casefold()
    found = [by_folded[n] for n in by_folded if len(folded) > 2 and folded in n][:MOST]
    found += [
        by_folded[key]
        for key in get_close_matches(folded, by_folded, n=MOST, cutoff=0.6)
        if by_folded[key] not in found
    ]
    quoted = [f"“{name}”" for name in found[:MOST]]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), *quoted[-1:])))


def known_are(wrong: str, known: Collection[str]) -> str:
    """How a sentence about an unknown name goes on: what is near, else all there are."""
    near = near_names(wrong, known)
    if near:
        return f"did you mean {near}"
    return f"known are {', '.join(known)}" if known else "there are none"
