"""The text of a condition as words, numbers and signs, and the place of whatever is wrong in it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from twin.errors import TwinError

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>[\"'])"
    r"|(?P<sign>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:(),.\[\]{}])"
)


class RuleTextError(TwinError):
    """A condition cannot be used.

    Attributes
    ----------
    line, column : from 1 on, within the condition
    """

    def __init__(self, what: str, line: int = 1, column: int = 1) -> None:
        super().__init__(what)
        self.line, self.column = line, column


@dataclass(frozen=True, slots=True)
class Token:
    """One word; ``kind`` is number, name, text, sign or end, ``at`` where it begins."""

    kind: str
    text: str
    at: int


class Tokens:
    """The words of a condition, read one after the other.

    Raises
    ------
    RuleTextError
        From the constructor: a letter means nothing in any condition.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = list(self._read())
        self._i = 0

    @property
    def first(self) -> Token:
        """The first one."""
        return self._tokens[0]

    @property
    def now(self) -> Token:
        """The one that comes next; at the end, the end again and again."""
        return self._tokens[min(self._i, len(self._tokens) - 1)]

    def next(self) -> Token:
        """Take it, whatever it is."""
        token, self._i = self.now, self._i + 1
        return token

    def take(self, text: str) -> bool:
        """Take it if it is this."""
        if self.now.text != text:
            return False
        self._i += 1
        return True

    def expect(self, text: str) -> None:
        """Take it; it has to be this."""
        if not self.take(text):
            self.fail(f"“{text}” is missing" + (" at the end" if self.now.kind == "end" else ""))

    def number(self, at: Token) -> float:
        """The value of a number."""
        follower = self._source[at.at + len(at.text) :][:1]
        number = float(at.text)
        if follower.isalpha() or follower == "_" or not math.isfinite(number):
            self.fail(f"“{at.text}{follower}” is no number that can be used", at)
        return number

    def fail(self, what: str, at: Token | None = None) -> NoReturn:
        """Say what is wrong at a word, None = the one that comes next."""
        index = (at or self.now).at
        before = self._source[:index]
        raise RuleTextError(what, before.count("\n") + 1, index - before.rfind("\n"))

    def _read(self) -> Iterator[Token]:
        at = 0
        while at < len(self._source):
            match = _TOKEN.match(self._source, at)
            if match is None:
                self.fail(f"“{self._source[at]}” means nothing here", Token("", "", at))
            if match.lastgroup != "space":
                yield Token(str(match.lastgroup), match[0], at)
            at = match.end()
        yield Token("end", "", len(self._source.rstrip()))
