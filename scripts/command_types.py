"""Writes the tables of docs/command-types.md from the command types' own records.

``python scripts/command_types.py`` rewrites it; ``--check`` says whether it is up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from twin.commands.base import CommandType, Effect, command_registry  # noqa: E402
from twin.commands.params import (  # noqa: E402
    ParamField,
    example_args,
    fields_of,
    params_from_args,
)

PAGE = ROOT / "docs" / "command-types.md"
BEGIN, END = "<!-- command types -->\n", "<!-- end of command types -->\n"
ARGS_BEGIN, ARGS_END = "<!-- arguments -->\n", "<!-- end of arguments -->\n"
_HEAD = (
    "| command | what it does | target | who, besides the control room | level | verified when"
    " | undone by |\n| --- | --- | --- | --- | --- | --- | --- |"
)
_ARGS_HEAD = (
    "| command, version | argument | value | if left out | meaning |\n"
    "| --- | --- | --- | --- | --- |"
)
_KINDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}
_RELATIONS = {
    "below": "is below",
    "above": "is above",
    "falls_by": "has fallen by",
    "rises_by": "has risen by",
    "falls_by_share": "has fallen by",
    "equals": "is",
}


def table() -> str:
    """One row a type, by id."""
    registry = command_registry()
    rows = [_row(registry[type_id]) for type_id in registry.ids()]
    return "\n".join([_HEAD, *rows]) + "\n"


def arguments() -> str:
    """What each type takes in ``args``: one row an argument, and the types that take none."""
    registry = command_registry()
    rows = [_ARGS_HEAD]
    for command_type in (registry[type_id] for type_id in registry.ids()):
        name = f"`{command_type.id}` {command_type.version}"
        fields = fields_of(command_type.params)
        rows += [f"| {name} | {_argument(field)} |" for field in fields]
        rows += [] if fields else [f"| {name} | none | | | |"]
    return "\n".join(rows) + "\n"


def _argument(field: ParamField) -> str:
    limits = []
    if field.min is not None or field.max is not None:
        low, high = (("" if end is None else f"{end:g}") for end in (field.min, field.max))
        limits.append(f"{low} to {high}".strip())
    if field.choices:
        limits.append(", ".join(_written(choice) for choice in field.choices))
    if field.kind is str and not field.choices:
        limits.append(f"up to {field.max_length} letters")
    kind = " ".join(filter(None, (_KINDS[field.kind], "; ".join(limits), field.unit)))
    default = "required" if field.default is None else _written(field.default)
    return f"`{field.name}` | {kind} | {default} | {field.help.replace('|', chr(92) + '|')}"


def _written(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _row(command_type: CommandType) -> str:
    who = [name for name in command_type.departments if name != "control_room"]
    cells = (
        f"`{command_type.id}`",
        command_type.title,
        ", ".join(_words(kind) for kind in command_type.target_kinds),
        ", ".join(_words(name) for name in who) or "nobody",
        str(command_type.significance),
        _verified(command_type),
        f"`{command_type.inverse}`" if command_type.inverse else "nothing",
    )
    return "| " + " | ".join(cells) + " |"


def _verified(command_type: CommandType) -> str:
    """The effect in words; a value that follows the arguments is not a figure."""
    effects = [_effect(command_type, high=high) for high in (True, False)]
    effect = effects[0]
    name = effect.datastream_id.rpartition("/")[2]
    is_fixed = effect.value == effects[1].value
    figure = f"{effect.value:.0%}" if effect.relation == "falls_by_share" else f"{effect.value:g}"
    words = figure if is_fixed else "what was asked for"
    return f"`{name}` {_RELATIONS[effect.relation]} {words}"


def _effect(command_type: CommandType, *, high: bool) -> Effect:
    args = example_args(command_type.params, high=high)
    return command_type.effect("target", params_from_args(command_type.params, args))


def _words(name: str) -> str:
    return name.replace("_", " ")


def page_with_tables(text: str) -> str:
    """The page with fresh tables between their marks."""
    text = _replaced(text, BEGIN, END, table())
    return _replaced(text, ARGS_BEGIN, ARGS_END, arguments())


def _replaced(text: str, begin: str, end: str, fresh: str) -> str:
    head, rest = text.split(begin)
    _old, tail = rest.split(end)
    return head + begin + fresh + end + tail


def main() -> int:
    """Rewrite or check the page."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = page_with_tables(text)
    if "--check" in sys.argv:
        if fresh != text:
            print("docs/command-types.md is behind: run python scripts/command_types.py")
            return 1
        return 0
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
