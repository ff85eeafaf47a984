"""Writes the table of docs/command-types.md from the command types' own records.

``python scripts/command_types.py`` rewrites it; ``--check`` says whether it is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from twin.commands.base import CommandType, Effect, command_registry  # noqa: E402
from twin.commands.params import example_args, params_from_args  # noqa: E402

PAGE = ROOT / "docs" / "command-types.md"
BEGIN, END = "<!-- command types -->\n", "<!-- end of command types -->\n"
_HEAD = (
    "| command | what it does | target | who, besides the control room | level | verified when"
    " | undone by |\n| --- | --- | --- | --- | --- | --- | --- |"
)
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


def page_with_table(text: str) -> str:
    """The page with a fresh table between its marks."""
    head, rest = text.split(BEGIN)
    _old, tail = rest.split(END)
    return head + BEGIN + table() + END + tail


def main() -> int:
    """Rewrite or check the page."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = page_with_table(text)
    if "--check" in sys.argv:
        if fresh != text:
            print("docs/command-types.md is behind: run python scripts/command_types.py")
            return 1
        return 0
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
