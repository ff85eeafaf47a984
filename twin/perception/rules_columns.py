"""Evaluates a condition on columns: every row is asked at once, and may be undecided.

A row where a number is missing is undecided only where the answer depends on that number, exactly
as in CEL (tests/twin/test_rules_language.py compares both on random conditions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.perception.rules_tree import (
    Arithmetic,
    Choice,
    Condition,
    Has,
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

Mask: TypeAlias = BoolArray | bool


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers of n rows.

    Attributes
    ----------
    values : (n,) float64, or one number for all rows
    known : (n,) bool, or True for all rows
    """

    values: Float64Array | float
    known: Mask = True


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a condition holds and where it does not; a row in neither is undecided.

    Attributes
    ----------
    yes, no : (n,) bool, or one for all rows
    """

    yes: Mask
    no: Mask

    def rows(self, n: int) -> Answer:
        """The same with an entry for each of n rows."""
        return Answer(_spread(self.yes, n), _spread(self.no, n))


def ask(condition: Condition, columns: Mapping[str, Column]) -> Answer:
    """Ask a condition of every row; columns that it names must be there."""
    with np.errstate(all="ignore"):
        return _truth(condition.tree, columns)


def _truth(node: Node, columns: Mapping[str, Column]) -> Answer:
    match node:
        case Truth(value=value):
            return Answer(value, not value)
        case Has(name=name):
            known = columns[name].known
            return Answer(known, _inverse(known))
        case Not(of=of):
            answer = _truth(of, columns)
            return Answer(answer.no, answer.yes)
        case Logic(sign=sign, left=left, right=right):
            a, b = _truth(left, columns), _truth(right, columns)
            if sign == "&&":
                return Answer(_both(a.yes, b.yes), _either(a.no, b.no))
            return Answer(_either(a.yes, b.yes), _both(a.no, b.no))
        case Relation(of="bool", sign=sign, left=left, right=right):
            a, b = _truth(left, columns), _truth(right, columns)
            same = _either(_both(a.yes, b.yes), _both(a.no, b.no))
            other = _either(_both(a.yes, b.no), _both(a.no, b.yes))
            return Answer(same, other) if sign == "==" else Answer(other, same)
        case Relation(sign=sign, left=left, right=right):
            x, y = _number(left, columns), _number(right, columns)
            return _decided(_COMPARED[sign](x.values, y.values), _both(x.known, y.known))
        case Within(left=left, among=among):
            x = _number(left, columns)
            found: Mask = False
            for one in among:
                found = _either(found, np.equal(x.values, one))
            return _decided(found, x.known)
        case Choice(test=test, yes=yes, no=no):
            c, a, b = (_truth(one, columns) for one in (test, yes, no))
            return Answer(
                _either(_both(c.yes, a.yes), _both(c.no, b.yes)),
                _either(_both(c.yes, a.no), _both(c.no, b.no)),
            )
    raise AssertionError(node)


def _number(node: Node, columns: Mapping[str, Column]) -> Column:
    match node:
        case Number(value=value):
            return Column(np.float64(value))
        case Name(name=name):
            return columns[name]
        case Minus(of=of):
            x = _number(of, columns)
            return Column(np.negative(x.values), x.known)
        case Arithmetic(sign=sign, left=left, right=right):
            x, y = _number(left, columns), _number(right, columns)
            return Column(_COMPUTED[sign](x.values, y.values), _both(x.known, y.known))
        case Choice(test=test, yes=yes, no=no):
            c, a, b = _truth(test, columns), _number(yes, columns), _number(no, columns)
            known = _either(_both(c.yes, a.known), _both(c.no, b.known))
            return Column(np.where(c.yes, a.values, b.values), known)
    raise AssertionError(node)


_COMPARED: Mapping[str, Callable[..., BoolArray]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
_COMPUTED: Mapping[str, Callable[..., Float64Array]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide,
}  # fmt: skip


def _decided(holds: Mask, known: Mask) -> Answer:
    return Answer(_both(holds, known), _both(_inverse(holds), known))


def _both(a: Mask, b: Mask) -> Mask:
    if a is True:
        return b
    if b is True:
        return a
    return np.logical_and(a, b)


def _either(a: Mask, b: Mask) -> Mask:
    if a is False:
        return b
    if b is False:
        return a
    return np.logical_or(a, b)


def _inverse(a: Mask) -> Mask:
    return not a if isinstance(a, bool) else np.logical_not(a)


def _spread(mask: Mask, n: int) -> BoolArray:
    return np.broadcast_to(np.asarray(mask, dtype=np.bool_), (n,))
