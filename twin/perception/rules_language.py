"""Conditions of event rules: the part of CEL that can be asked of a hundred thousand rows at once.

A condition is parsed once into a tree (`twin.perception.rules_tree`), and every place where it
goes beyond that part is told in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn, TypeAlias

from twin.near_names import known_are
from twin.perception.rules_tokens import RuleTextError, Token, Tokens
from twin.perception.rules_tree import (
    Arithmetic,
    Choice,
    Condition,
    Has,
    Kind,
    Logic,
    Minus,
    Name,
    Node,
    Not,
    Number,
    Relation,
    Truth,
    Within,
)

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
_RELATIONS = ("<", "<=", ">", ">=", "==", "!=")


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


_Typed: TypeAlias = tuple[Node, Kind]


class _Parser:
    """Recursive descent over CEL's grammar; each function gives a node and what it is."""

    def __init__(self, source: str, names: Sequence[str]) -> None:
        self._names = names
        self._tokens = Tokens(source)
        self._depth = 0
        self.used: set[str] = set()

    def whole(self) -> Node:
        if self._tokens.now.kind == "end":
            self._tokens.fail("it is empty; write something like value > 3")
        node, kind = self._choice()
        if self._tokens.now.kind != "end":
            self._tokens.fail(f"“{self._tokens.now.text}” is not expected here")
        if kind != "bool":
            self._tokens.fail(
                "it is no yes or no; compare with something, as in “> 0”", self._tokens.first
            )
        return node

    def _choice(self) -> _Typed:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._tokens.fail("it is nested too deeply; make several rules of it")
        test, kind = self._binary(0)
        if not self._tokens.take("?"):
            self._depth -= 1
            return test, kind
        self._must(kind, "bool", "before “?” stands a yes or no")
        yes, yes_kind = self._choice()
        self._tokens.expect(":")
        no, no_kind = self._choice()
        self._must(no_kind, yes_kind, "both sides of “:” are numbers, or both a yes or no")
        self._depth -= 1
        return Choice(test, yes, no, yes_kind), yes_kind

    def _binary(self, level: int) -> _Typed:
        if level == len(_LEVELS):
            return self._unary()
        left, kind = self._binary(level + 1)
        while self._tokens.now.kind in ("sign", "name") and self._tokens.now.text in _LEVELS[level]:
            at = self._tokens.next()
            if at.text == "in":
                self._must(kind, "number", "before “in” stands a number", at)
                left, kind = Within(left, self._list()), "bool"
                continue
            right, right_kind = self._binary(level + 1)
            left, kind = self._joined(at, left, kind, right, right_kind)
        return left, kind

    def _joined(self, at: Token, left: Node, kind: Kind, right: Node, right_kind: Kind) -> _Typed:
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
            self._tokens.fail("“%” works on whole numbers only, and these are none", at)
        self._must(kind, "number", f"“{sign}” works on numbers", at)
        self._must(right_kind, "number", f"“{sign}” works on numbers", at)
        return Arithmetic(sign, left, right), "number"

    def _unary(self) -> _Typed:
        at = self._tokens.now
        if at.text not in ("!", "-"):
            return self._primary()
        self._tokens.next()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._tokens.fail("it is nested too deeply; make several rules of it", at)
        node, kind = self._unary()
        self._depth -= 1
        if at.text == "!":
            self._must(kind, "bool", "“!” stands before a yes or no", at)
            return Not(node), "bool"
        self._must(kind, "number", "“-” stands before a number", at)
        return (Number(-node.value) if isinstance(node, Number) else Minus(node)), "number"

    def _primary(self) -> _Typed:
        at = self._tokens.next()
        if at.kind == "number":
            return Number(self._tokens.number(at)), "number"
        if at.text == "(":
            node, kind = self._choice()
            self._tokens.expect(")")
        elif at.kind == "name":
            node, kind = self._named(at)
        elif at.kind == "text":
            self._tokens.fail(
                "texts are not compared here; say kinds, things or properties instead", at
            )
        elif at.kind == "end":
            self._tokens.fail("something is missing at the end", at)
        else:
            self._tokens.fail(f"“{at.text}” is not expected here", at)
        if self._tokens.now.text in (".", "["):
            self._tokens.fail("fields and lists cannot be looked into here", self._tokens.now)
        return node, kind

    def _named(self, at: Token) -> _Typed:
        if at.text in ("true", "false"):
            return Truth(at.text == "true"), "bool"
        if self._tokens.now.text == "(":
            if at.text != "has":
                self._tokens.fail(
                    f"“{at.text}()” is not understood here; only has(inputs.NAME) is", at
                )
            return Has(self._had()), "bool"
        if at.text not in self._names:
            self._unknown(at)
        self.used.add(at.text)
        return Name(at.text), "number"

    def _had(self) -> str:
        self._tokens.expect("(")
        if self._tokens.now.text != "inputs":
            self._tokens.fail("write has(inputs.NAME)")
        self._tokens.next()
        self._tokens.expect(".")
        at = self._tokens.next()
        if at.text not in self._names:
            self._unknown(at)
        self._tokens.expect(")")
        self.used.add(at.text)
        return at.text

    def _list(self) -> tuple[float, ...]:
        self._tokens.expect("[")
        found: list[float] = []
        while True:
            sign = -1.0 if self._tokens.take("-") else 1.0
            at = self._tokens.next()
            if at.kind != "number":
                self._tokens.fail("after “in” stands a list of numbers, as in [1, 2]", at)
            found.append(sign * self._tokens.number(at))
            if not self._tokens.take(","):
                break
        self._tokens.expect("]")
        return tuple(found)

    def _must(self, kind: Kind, wanted: Kind, what: str, at: Token | None = None) -> None:
        if kind != wanted:
            self._tokens.fail(what, at)

    def _unknown(self, at: Token) -> NoReturn:
        self._tokens.fail(f"nothing is called “{at.text}”; {known_are(at.text, self._names)}", at)


#: Binary signs from the loosest to the tightest.
_LEVELS = (("||",), ("&&",), (*_RELATIONS, "in"), ("+", "-"), ("*", "/", "%"))
