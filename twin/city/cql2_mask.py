"""CQL2 expressions compiled to numpy: a mask over the features of a city, with NULL logic.

The part of the standard that is understood: and, or, not; = <> < <= > >=; between, in, like,
is null; + - * / div % ^; casei, accenti; s_intersects, s_within, s_disjoint and s_dwithin of a
feature's middle with a bbox or geometry in local metres; dates, timestamps, t_before, t_after,
t_equals and t_during of texts in ISO 8601.
OGC 21-065r2 (CQL2), https://docs.ogc.org/is/21-065r2/21-065r2.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.city.cql2_scalars import (
    Scalar,
    compared,
    folded,
    is_true,
    like,
    literal,
    matched_any,
    numbers,
)
from twin.city.cql2_space import spatial
from twin.city.cql2_text import cql2_tree
from twin.city.style import StyleError
from twin.city.style_columns import Texts, Values
from twin.near_names import near_names


class Columns(Protocol):
    """What a mask is computed from; `twin.city.style_columns.StyleColumns` is one."""

    @property
    def n_rows(self) -> int:
        """How many features."""
        ...

    def values(self, name: str) -> Values:
        """One column; StyleError when there is none of that name."""
        ...

    def centres_local_m(self) -> Float64Array:
        """(N, 2) middles of the features."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Three-valued: (N,) surely so, (N,) surely not; neither = unknown (NULL)."""

    yes: BoolArray
    no: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A compiled expression.

    Attributes
    ----------
    columns : the names it reads
    """

    text: str
    columns: frozenset[str]
    truth: Callable[[Columns], Truth]

    def of(self, columns: Columns) -> BoolArray:
        """(N,) bool: which features meet the expression; unknown counts as no.

        Raises
        ------
        StyleError
            A column is missing, or holds something the expression cannot work with.
        """
        return self.truth(columns).yes


@lru_cache(maxsize=256)
def compiled(expression: str) -> Mask:
    """Compile an expression in CQL2 text or JSON.

    Raises
    ------
    StyleError
        It is not CQL2, or uses a function nobody knows here.
    """
    tree = cql2_tree(expression)
    try:
        truth = _truth(tree)
    except (IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StyleError("An operator of the expression has too few or wrong arguments") from error
    return Mask(expression, frozenset(_columns_in(tree)), truth)


_LOGIC = ("and", "or", "not")
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_TIMES = {"t_before": "<", "t_after": ">", "t_equals": "="}
_ARITHMETIC = ("+", "-", "*", "/", "div", "%", "^")
_TEXT_FUNCTIONS = ("casei", "accenti")
_SPATIAL = ("s_intersects", "s_within", "s_disjoint", "s_dwithin")
FUNCTIONS = (*_TEXT_FUNCTIONS, *_SPATIAL, *_TIMES, "t_during", "between", "like", "isNull", "in")


def _truth(node: Any) -> Callable[[Columns], Truth]:
    """Compile a node that is true or false."""
    if isinstance(node, bool):
        return lambda columns: Truth(
            np.full(columns.n_rows, node, bool), np.full(columns.n_rows, not node, bool)
        )
    if isinstance(node, dict) and "op" in node:
        return _operator(node["op"], node.get("args", []))
    if isinstance(node, dict) and "property" in node:
        value = _value(node)
        return lambda columns: _from_pair(is_true(value(columns)), columns)
    raise StyleError(f"“{_shown(node)}” is a value, not a condition; compare it with something")


def _operator(op: str, args: list[Any]) -> Callable[[Columns], Truth]:
    if op in _LOGIC:
        return _logic(op, [_truth(arg) for arg in args])
    if op in _SPATIAL:
        inside = spatial(op, args)
        return lambda columns: _spatial_truth(inside(columns.centres_local_m()))
    if op == "isNull":
        value = _value(args[0])
        return lambda columns: _null_truth(value(columns), columns.n_rows)
    if op in (*_COMPARISONS, *_TIMES):
        sign = _TIMES.get(op, op)
        left, right = _value(args[0]), _value(args[1])
        return lambda c: _from_pair(compared(sign, left(c), right(c)), c)
    if op in ("between", "t_during"):
        return _between(*_bounds(op, args), strict=op == "t_during")
    if op == "in":
        value, choices = _value(args[0]), [_value(choice) for choice in args[1]]
        return lambda c: _from_pair(matched_any(value(c), [choice(c) for choice in choices]), c)
    if op == "like":
        value, pattern = _value(args[0]), _value(args[1])
        return lambda c: _from_pair(like(value(c), pattern(c)), c)
    if op in (*_ARITHMETIC, *_TEXT_FUNCTIONS):
        raise StyleError(f"“{op}” gives a value, not a condition; compare it with something")
    raise _unknown_function(op)


def _value(node: Any) -> Callable[[Columns], Scalar]:
    """Compile a node that is a number or a text."""
    if isinstance(node, dict) and "property" in node:
        name = str(node["property"])
        return lambda columns: columns.values(name)
    if isinstance(node, dict) and "op" in node:
        op, args = node["op"], node.get("args", [])
        if op in _TEXT_FUNCTIONS:
            inner = _value(args[0])
            return lambda columns: folded(op, inner(columns))
        if op in _ARITHMETIC:
            return _arithmetic(op, [_value(arg) for arg in args])
        raise _unknown_function(op)
    constant = literal(node)
    return lambda _columns: constant


def _logic(op: str, parts: list[Callable[[Columns], Truth]]) -> Callable[[Columns], Truth]:
    def truth(columns: Columns) -> Truth:
        first, *others = (part(columns) for part in parts)
        if op == "not":
            return Truth(first.no, first.yes)
        for other in others:
            if op == "and":
                first = Truth(first.yes & other.yes, first.no | other.no)
            else:
                first = Truth(first.yes | other.yes, first.no & other.no)
        return first

    return truth


def _bounds(op: str, args: list[Any]) -> tuple[Any, Any, Any]:
    if op == "between":
        return args[0], args[1], args[2]
    interval = args[1].get("interval") if isinstance(args[1], dict) else None
    if not isinstance(interval, list) or len(interval) != 2:
        raise StyleError("t_during needs an interval such as interval('2020-01-01', '..')")
    return args[0], *(None if end == ".." else {"timestamp": end} for end in interval)


def _between(value: Any, low: Any, high: Any, *, strict: bool) -> Callable[[Columns], Truth]:
    above, below = (">", "<") if strict else (">=", "<=")
    ends = [(above, low), (below, high)]
    tests = [_operator(sign, [value, end]) for sign, end in ends if end is not None]
    return _logic("and", tests) if tests else _truth({"op": "not", "args": [
        {"op": "isNull", "args": [value]}]})  # fmt: skip


def _arithmetic(op: str, parts: list[Callable[[Columns], Scalar]]) -> Callable[[Columns], Scalar]:
    def value(columns: Columns) -> Scalar:
        sides = [numbers(part(columns), strict=True) for part in parts]
        with np.errstate(all="ignore"):
            result = _CALCULATE[op](*sides) if len(sides) > 1 else -np.asarray(sides[0])
        return np.where(np.isfinite(result), result, np.nan)

    return value


_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "div": np.floor_divide,
    "%": np.mod,
    "^": np.power,
}


def _from_pair(pair: tuple[Any, Any], columns: Columns) -> Truth:
    yes, no = (np.broadcast_to(part, columns.n_rows) for part in pair)
    return Truth(yes, no)


def _null_truth(value: Scalar, n: int) -> Truth:
    if isinstance(value, Texts):
        null = value.codes < 0
    elif isinstance(value, str):
        null = np.zeros(n, bool)
    else:
        null = np.broadcast_to(np.isnan(value), n)
    return Truth(null, ~null)


def _spatial_truth(pair: tuple[BoolArray, BoolArray]) -> Truth:
    return Truth(*pair)


def _unknown_function(op: str) -> StyleError:
    near = near_names(op, FUNCTIONS)
    hint = f"; did you mean {near}?" if near else f"; known are {', '.join(FUNCTIONS)}"
    return StyleError(f"There is no function “{op}” here{hint}")


def _columns_in(node: Any) -> list[str]:
    """Names of the columns a tree reads; those of spatial functions stand for the feature."""
    if isinstance(node, list):
        return [name for part in node for name in _columns_in(part)]
    if not isinstance(node, dict) or node.get("op") in _SPATIAL:
        return []
    if "property" in node:
        return [str(node["property"])]
    return _columns_in(node.get("args", []))


def _shown(node: Any) -> str:
    return f"{node['op']}(…)" if isinstance(node, dict) and "op" in node else str(node)
