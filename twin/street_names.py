"""Names of streets inside the names of what stands in them. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_MOST_WORDS = 6
_NUMBER = re.compile(r"( no\.)? \d+( \(\d+\))?$")


def without_number(name: str) -> str:
    """The street of "Mill Lane 3" or "Street 7 no. 3": a name without its running number."""
    return _NUMBER.sub("", name)


def streets_in(name: str, known: Mapping[str, str]) -> Iterator[str]:
    """Names of streets that a name holds as whole words; the longest ones only.

    ``known``: name in lower case (`str.casefold`) -> name.
    """
    words = name.split()
    at = 0
    while at < len(words):
        longest = min(_MOST_WORDS, len(words) - at)
        for n in range(longest, 0, -1):
            found = known.get(" ".join(words[at : at + n]).casefold())
            if found is not None:
                yield found
                at += n - 1
                break
        at += 1
