"""Numbers and texts in CQL2 expressions: how they compare, fold and match. Pure functions.

A comparison gives a pair: (surely so, surely not). What is neither is unknown, because a value
is missing. Texts are compared word by word, so that a city of a million features with a hundred
distinct texts costs a hundred comparisons.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.city.style import StyleError
from twin.city.style_columns import Texts, Values


class Moment(float):
    """A date or timestamp of an expression, seconds since 1970."""


#: A column, or a constant of an expression.
Scalar: TypeAlias = Values | float | str | Moment
Pair: TypeAlias = tuple[Any, Any]

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">=": "<=", ">": "<", "<=": ">="}
_TRUE_WORDS = frozenset({"true", "yes", "1", "t"})


def literal(node: Any) -> Scalar:
    """A constant of the syntax tree.

    Raises
    ------
    StyleError
        It is of a kind that is not understood here.
    """
    if isinstance(node, bool):
        return float(node)
    if isinstance(node, int | float):
        return float(node)
    if isinstance(node, str):
        return node
    if node is None:
        return float("nan")
    if isinstance(node, dict):
        text = node.get("date") or node.get("timestamp")
        if isinstance(text, str):
            seconds = _seconds(text)
            if np.isnan(seconds):
                raise StyleError(f"“{text}” is not a date; write it as 2024-05-31")
            return Moment(seconds)
    raise StyleError(f"“{node}” is not understood in an expression here")


def numbers(value: Scalar, *, strict: bool = False) -> Float64Array | float:
    """Numbers; texts that are none become NaN.

    Raises
    ------
    StyleError
        ``strict`` and a constant text is no number.
    """
    if isinstance(value, Texts):
        words = np.array([_number(word) for word in value.words], float)
        return value.each(words, np.nan)
    if isinstance(value, str):
        number = _number(value)
        if strict and np.isnan(number):
            raise StyleError(f"“{value}” is a text; this needs a number")
        return number
    return value


def compared(sign: str, left: Scalar, right: Scalar) -> Pair:
    """Compare two values with one of = <> < <= > >=.

    Raises
    ------
    StyleError
        A column of numbers is compared with a text that is no number.
    """
    if isinstance(left, str | float) and not isinstance(right, str | float):
        return compared(_MIRRORED[sign], right, left)
    if isinstance(right, Moment):
        return _each_number(sign, _moments(left), right)
    if isinstance(left, Texts) and isinstance(right, str):
        return _each_word(left, lambda word: _SIGNS[sign](word, right))
    if isinstance(left, Texts) and isinstance(right, Texts):
        return _two_texts(sign, left, right)
    if isinstance(left, str) and isinstance(right, str):
        is_so = bool(_SIGNS[sign](left, right))
        return is_so, not is_so
    if isinstance(right, str) and np.isnan(_number(right)):
        raise StyleError(f"A column of numbers is compared with the text “{right}”; use a number")
    if isinstance(left, Texts) and right in (0.0, 1.0) and sign in ("=", "<>"):
        return _flags(sign, left, bool(right))
    return _each_number(sign, numbers(left), numbers(right))


def matched_any(value: Scalar, choices: Sequence[Scalar]) -> Pair:
    """Whether a value equals one of several constants."""
    if isinstance(value, Texts) and all(isinstance(choice, str) for choice in choices):
        wanted = set(choices)
        return _each_word(value, lambda word: word in wanted)
    pairs = [compared("=", value, choice) for choice in choices]
    if not pairs:
        return False, True
    yes, no = pairs[0]
    for more_yes, more_no in pairs[1:]:
        yes, no = yes | more_yes, no & more_no
    return yes, no


def like(value: Scalar, pattern: Scalar) -> Pair:
    """SQL's LIKE: % stands for any text, _ for any character, a backslash quotes.

    Raises
    ------
    StyleError
        The pattern is no constant text, or the column holds numbers.
    """
    if not isinstance(pattern, str):
        raise StyleError("like needs a text in single quotes, such as name like 'Park%'")
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(p) or re.escape(p[-1] if len(p) > 1 else p) for p in pieces)
    test = re.compile(expression, re.DOTALL)
    if isinstance(value, Texts):
        return _each_word(value, lambda word: test.fullmatch(word) is not None)
    if isinstance(value, str):
        is_so = test.fullmatch(value) is not None
        return is_so, not is_so
    raise StyleError("like compares texts, and this column holds numbers; use =, < or between")


def folded(how: str, value: Scalar) -> Scalar:
    """``casei``: without regard to case; ``accenti``: without regard to accents."""
    fold = str.casefold if how == "casei" else _without_accents
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, Texts):
        return Texts(value.codes, tuple(fold(word) for word in value.words))
    return value


def is_true(value: Scalar) -> Pair:
    """A column used as a condition: numbers other than 0, texts that say yes."""
    if isinstance(value, Texts):
        return _flags("=", value, True)
    return _each_number("<>", numbers(value), 0.0)


def _each_number(sign: str, left: Any, right: Any) -> Pair:
    yes, no = _SIGNS[sign](left, right), _SIGNS[_OPPOSITE[sign]](left, right)
    if sign in ("=", "<>"):  # NaN differs from everything, but is unknown here
        known = ~(np.isnan(left) | np.isnan(right))
        yes, no = yes & known, no & known
    return yes, no


def _each_word(texts: Texts, test: Callable[[str], bool]) -> Pair:
    yes = np.fromiter((test(word) for word in texts.words), bool, len(texts.words))
    return texts.each(yes, False), texts.each(~yes, False)


def _two_texts(sign: str, left: Texts, right: Texts) -> Pair:
    known = (left.codes >= 0) & (right.codes >= 0)
    rows = np.flatnonzero(known)
    yes: BoolArray = np.zeros(len(known), bool)
    compare = _SIGNS[sign]
    pairs = zip(left.codes[rows].tolist(), right.codes[rows].tolist(), strict=True)
    yes[rows] = [compare(left.words[a], right.words[b]) for a, b in pairs]
    return yes, known & ~yes


def _flags(sign: str, texts: Texts, wanted: bool) -> Pair:
    equal = sign == "="
    return _each_word(texts, lambda word: ((word.casefold() in _TRUE_WORDS) == wanted) == equal)


def _moments(value: Scalar) -> Any:
    if isinstance(value, Texts):
        return value.each(np.array([_seconds(word) for word in value.words], float), np.nan)
    if isinstance(value, str):
        return _seconds(value)
    if isinstance(value, Moment):
        return value
    raise StyleError("A column of numbers is compared with a date; use a column of dates")


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _without_accents(text: str) -> str:
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c))
