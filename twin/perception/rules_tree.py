"""Conditions of event rules as trees: what `twin.perception.rules_columns` evaluates on columns.

A tree can be written back as CEL, so that tests can compare each answer with the library's. All
numbers are doubles: ``2`` is read as ``2.0``. What is missing spreads as in CEL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["number", "bool"]


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
