"""Conditions of event rules: the part of CEL that can be asked of a hundred thousand rows at once.

A condition is parsed once into a tree, which `twin.perception.rules_columns` evaluates on columns.
The tree can be written back as CEL, so that tests can compare each answer with the library's.

All numbers are doubles: ``2`` is read as ``2.0``. What is missing spreads as in CEL.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias

from twin.errors import TwinError
from twin.near_names import known_are

MAX_LETTERS = 2_000
MAX_DEPTH = 60
#: What every condition may use beside thresholds and inputs of its rule.
INPUTS: Final = (
    "value", "age_s", "rate_per_min", "mean_1m", "mean_5m", "mean_15m", "mean_60m",
    "usual_low", "usual_high",
)  # fmt: skip
#: Names that a threshold or an input cannot have.
RESERVED = frozenset({
    *INPUTS, "inputs", "thing", "has", "true", "false", "null", "in", "as", "break", "const",
    "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
    "return", "var", "void", "while", "size", "type", "dyn", "int", "uint", "double", "string",
    "bool", "bytes", "list", "map", "timestamp", "duration", "matches",
})  # fmt: skip
_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<text>[\"'])"
    r"|(?P<sign>&&|\|\||<=|>=|==|!=|[-+*/%<>!?:(),.\[\]{}])"
)
_RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
Kind: TypeAlias = Literal["number", "bool"]


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
class Number:
    """A number as written."""

    value: float


@dataclass(frozen=True, slots=True)
class Truth:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A named column of numbers."""

    name: str


@dataclass(frozen=True, slots=True)
class Has:
    """``has(inputs.NAME)``: whether a column is known in a row."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """``!a``."""

    of: Node


@dataclass(frozen=True, slots=True)
class Minus:
    """``-a``."""

    of: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``a + b``, ``a - b``, ``a * b``, ``a / b``."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison of two numbers, or ``==`` and ``!=`` of two truths."""

    sign: str
    left: Node
    right: Node
    of: Kind


@dataclass(frozen=True, slots=True)
class Within:
    """``a in [1, 2]``."""

    left: Node
    among: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """``a && b``, ``a || b``."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """``a ? b : c``."""

    test: Node
    yes: Node
    no: Node
    of: Kind


Node: TypeAlias = (
    Number | Truth | Name | Has | Not | Minus | Arithmetic | Relation | Within | Logic | Choice
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition.

    Attributes
    ----------
    names : columns that it looks at, those in ``has`` as well
    """

    source: str
    tree: Node
    names: frozenset[str]


def parse_condition(source: str, names: Sequence[str] = ()) -> Condition:
    """Parse a condition.

    Parameters
    ----------
    names : of thresholds and inputs, beside `INPUTS`

    Raises
    ------
    RuleTextError
        It is outside the part of CEL that is understood, names something unknown, or is no yes or
        no.
    """
    if len(source) > MAX_LETTERS:
        raise RuleTextError(f"it has over {MAX_LETTERS:,} letters; make several rules of it")
    parser = _Parser(source, (*INPUTS, *names))
    return Condition(source, parser.whole(), frozenset(parser.used))


def cel_of(node: Node) -> str:
    """The tree as CEL with doubles, every operation in brackets."""
    match node:
        case Number(value=value):
            return repr(value)
        case Truth(value=value):
            return "true" if value else "false"
        case Name(name=name):
            return name
        case Has(name=name):
            return f"has(inputs.{name})"
        case Not(of=of):
            return f"(!{cel_of(of)})"
        case Minus(of=of):
            return f"(-{cel_of(of)})"
        case Within(left=left, among=among):
            return f"({cel_of(left)} in [{', '.join(map(repr, among))}])"
        case Choice(test=test, yes=yes, no=no):
            return f"({cel_of(test)} ? {cel_of(yes)} : {cel_of(no)})"
        case Arithmetic() | Relation() | Logic():
            return f"({cel_of(node.left)} {node.sign} {cel_of(node.right)})"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


_Typed: TypeAlias = tuple[Node, Kind]


class _Parser:
    """Recursive descent over CEL's grammar; each function gives a node and what it is."""

    def __init__(self, source: str, names: Sequence[str]) -> None:
        self._source = source
        self._names = names
        self._tokens = list(self._read())
        self._i = 0
        self._depth = 0
        self.used: set[str] = set()

    def whole(self) -> Node:
        if self._now.kind == "end":
            self._fail("it is empty; write something like value > 3")
        node, kind = self._choice()
        if self._now.kind != "end":
            self._fail(f"“{self._now.text}” is not expected here")
        if kind != "bool":
            self._fail("it is no yes or no; compare with something, as in “> 0”", self._tokens[0])
        return node

    def _choice(self) -> _Typed:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("it is nested too deeply; make several rules of it")
        test, kind = self._binary(0)
        if not self._take("?"):
            self._depth -= 1
            return test, kind
        self._must(kind, "bool", "before “?” stands a yes or no")
        yes, yes_kind = self._choice()
        self._expect(":")
        no, no_kind = self._choice()
        self._must(no_kind, yes_kind, "both sides of “:” are numbers, or both a yes or no")
        self._depth -= 1
        return Choice(test, yes, no, yes_kind), yes_kind

    def _binary(self, level: int) -> _Typed:
        if level == len(_LEVELS):
            return self._unary()
        left, kind = self._binary(level + 1)
        while self._now.kind in ("sign", "name") and self._now.text in _LEVELS[level]:
            at, self._i = self._now, self._i + 1
            if at.text == "in":
                self._must(kind, "number", "before “in” stands a number", at)
                left, kind = Within(left, self._list()), "bool"
                continue
            right, right_kind = self._binary(level + 1)
            left, kind = self._joined(at, left, kind, right, right_kind)
        return left, kind

    def _joined(self, at: _Token, left: Node, kind: Kind, right: Node, right_kind: Kind) -> _Typed:
        sign = at.text
        if sign in ("&&", "||"):
            wanted = f"“{sign}” joins two yes or no"
            self._must(kind, "bool", wanted, at)
            self._must(right_kind, "bool", wanted, at)
            return Logic(sign, left, right), "bool"
        if sign in _RELATIONS:
            self._must(right_kind, kind, f"“{sign}” compares a number with a number", at)
            if sign not in ("==", "!="):
                self._must(kind, "number", f"“{sign}” compares numbers", at)
            return Relation(sign, left, right, kind), "bool"
        if sign == "%":
            self._fail("“%” works on whole numbers only, and these are none", at)
        self._must(kind, "number", f"“{sign}” works on numbers", at)
        self._must(right_kind, "number", f"“{sign}” works on numbers", at)
        return Arithmetic(sign, left, right), "number"

    def _unary(self) -> _Typed:
        at = self._now
        if at.text not in ("!", "-"):
            return self._primary()
        self._i += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("it is nested too deeply; make several rules of it", at)
        node, kind = self._unary()
        self._depth -= 1
        if at.text == "!":
            self._must(kind, "bool", "“!” stands before a yes or no", at)
            return Not(node), "bool"
        self._must(kind, "number", "“-” stands before a number", at)
        return (Number(-node.value) if isinstance(node, Number) else Minus(node)), "number"

    def _primary(self) -> _Typed:
        at, self._i = self._now, self._i + 1
        if at.kind == "number":
            return Number(self._float(at)), "number"
        if at.text == "(":
            node, kind = self._choice()
            self._expect(")")
        elif at.kind == "name":
            node, kind = self._named(at)
        elif at.kind == "text":
            self._fail("texts are not compared here; say kinds, things or properties instead", at)
        elif at.kind == "end":
            self._fail("something is missing at the end", at)
        else:
            self._fail(f"“{at.text}” is not expected here", at)
        if self._now.text in (".", "["):
            self._fail("fields and lists cannot be looked into here", self._now)
        return node, kind

    def _named(self, at: _Token) -> _Typed:
        if at.text in ("true", "false"):
            return Truth(at.text == "true"), "bool"
        if self._now.text == "(":
            if at.text != "has":
                self._fail(f"“{at.text}()” is not understood here; only has(inputs.NAME) is", at)
            return Has(self._had()), "bool"
        if at.text not in self._names:
            self._unknown(at)
        self.used.add(at.text)
        return Name(at.text), "number"

    def _had(self) -> str:
        self._expect("(")
        if self._now.text != "inputs":
            self._fail("write has(inputs.NAME)")
        self._i += 1
        self._expect(".")
        at, self._i = self._now, self._i + 1
        if at.text not in self._names:
            self._unknown(at)
        self._expect(")")
        self.used.add(at.text)
        return at.text

    def _list(self) -> tuple[float, ...]:
        self._expect("[")
        found: list[float] = []
        while True:
            sign = -1.0 if self._take("-") else 1.0
            at, self._i = self._now, self._i + 1
            if at.kind != "number":
                self._fail("after “in” stands a list of numbers, as in [1, 2]", at)
            found.append(sign * self._float(at))
            if not self._take(","):
                break
        self._expect("]")
        return tuple(found)

    # --- tokens -----------------------------------------------------------------------------------

    def _read(self) -> Iterator[_Token]:
        at = 0
        while at < len(self._source):
            match = _TOKEN.match(self._source, at)
            if match is None:
                self._fail(f"“{self._source[at]}” means nothing here", _Token("", "", at))
            if match.lastgroup != "space":
                yield _Token(str(match.lastgroup), match[0], at)
            at = match.end()
        yield _Token("end", "", len(self._source.rstrip()))

    @property
    def _now(self) -> _Token:
        return self._tokens[min(self._i, len(self._tokens) - 1)]

    def _take(self, text: str) -> bool:
        if self._now.text != text:
            return False
        self._i += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"“{text}” is missing" + (" at the end" if self._now.kind == "end" else ""))

    def _float(self, at: _Token) -> float:
        follower = self._source[at.at + len(at.text) :][:1]
        number = float(at.text)
        if follower.isalpha() or follower == "_" or not math.isfinite(number):
            self._fail(f"“{at.text}{follower}” is no number that can be used", at)
        return number

    def _must(self, kind: Kind, wanted: Kind, what: str, at: _Token | None = None) -> None:
        if kind != wanted:
            self._fail(what, at)

    def _unknown(self, at: _Token) -> NoReturn:
        self._fail(f"nothing is called “{at.text}”; {known_are(at.text, self._names)}", at)

    def _fail(self, what: str, at: _Token | None = None) -> NoReturn:
        index = (at or self._now).at
        before = self._source[:index]
        raise RuleTextError(what, before.count("\n") + 1, index - before.rfind("\n"))


#: Binary signs from the loosest to the tightest.
_LEVELS = (("||",), ("&&",), (*_RELATIONS, "in"), ("+", "-"), ("*", "/", "%"))
