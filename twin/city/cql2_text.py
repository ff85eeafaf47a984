"""CQL2 text or JSON to its syntax tree, with one sentence for the person when it is wrong."""

from __future__ import annotations

import re
from typing import Any

from twin.city.style import StyleError

_PLACE = re.compile(r"-->\s*(\d+):(\d+)")
_EXPECTED = re.compile(r"expected (.+)", re.DOTALL)
#: The grammar's own names, as a person knows them.
_WORDS = {
    "Identifier": "a column",
    "DECIMAL": "a number",
    "SingleQuotedString": "a text in single quotes",
    "ExpressionInParentheses": "“(”",
    "And": "“and”",
    "Or": "“or”",
    "Eq": "“=”",
    "Gt": "“>”",
    "Lt": "“<”",
    "EOI": "the end",
}


def cql2_tree(expression: str) -> Any:
    """The CQL2 JSON tree of an expression in CQL2 text, or in CQL2 JSON when it starts with "{".

    Raises
    ------
    StyleError
        The expression is not CQL2.
    """
    import cql2

    text = expression.strip()
    if not text:
        raise StyleError("The expression is empty; write a condition such as height > 20")
    if "\n" in text:
        text = " ".join(text.split())
    try:
        parsed = cql2.parse_json(text) if text.startswith("{") else cql2.parse_text(text)
        tree = parsed.to_json()
    except (cql2.ParseError, cql2.ValidationError, RecursionError, ValueError) as error:
        raise StyleError(_sentence(text, str(error))) from error
    return tree


def _sentence(text: str, complaint: str) -> str:
    place = _PLACE.search(complaint)
    if place is None:
        return f"The expression is not CQL2: {' '.join(complaint.split())}"
    column = int(place.group(2)) - 1
    rest = text[column:].strip()
    where = f"at “{rest[:24]}”" if rest else "at its end"
    expected = _EXPECTED.search(complaint)
    known = [] if expected is None else [w for k, w in _WORDS.items() if k in expected.group(1)]
    hint = f"; expected {', '.join(known[:4])}" if known else ""
    return f"The expression cannot be understood {where}{hint}"
