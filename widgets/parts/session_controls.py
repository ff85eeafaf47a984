"""Controls of a form that choose among what the session knows: drawn areas, earlier commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QComboBox

from twin.commands.params import ParamField
from twin.room.model import Command, CommandState
from twin.session import TwinSession
from widgets.parts.command_words import request_phrase
from widgets.parts.value_form import Control
from widgets.parts.wording import clock_text

_ACTED = CommandState.ACCEPTED.value
#: Digits of local metres in an outline, and its most corners.
_DECIMALS = 1
_MOST_CORNERS = 100


def session_editors(
    session: TwinSession, target_id: str
) -> Mapping[str, Callable[[ParamField], Control | None]]:
    """Makers of controls by the ``editor`` of a field, for a form about one target."""

    def outline(field: ParamField) -> Control | None:
        return _choice([("Circle", ""), *_areas(session, field.max_length)])

    def command(field: ParamField) -> Control | None:
        wanted = field.editor.partition(":")[2]
        return _choice(_commands(session, wanted, target_id))

    return {"outline": outline, "command": command}


def _choice(entries: Sequence[tuple[str, str]]) -> Control:
    """A list of (words, value); a value that is not in it is added as it is."""
    box = QComboBox()
    box.setMinimumContentsLength(6)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for words, value in entries:
        box.addItem(words, value)

    def write(value: object) -> None:
        text = str(value)
        if box.findData(text) < 0 and text:
            box.addItem(text, text)
        box.setCurrentIndex(box.findData(text) if text else min(0, box.count() - 1))

    control = Control(box, lambda: str(box.currentData() or ""), write)
    box.activated.connect(lambda _index: control.edited.emit())
    return control


def _areas(session: TwinSession, most_letters: int) -> list[tuple[str, str]]:
    """Drawn areas with their outer ring as a text; those with too many corners are thinned."""
    found = []
    for area in session.areas:
        ring = list(area.rings[0])
        if len(ring) > 1 and ring[0] == ring[-1]:
            ring.pop()
        step = -(-len(ring) // _MOST_CORNERS)
        text = " ".join(f"{x:.{_DECIMALS}f},{y:.{_DECIMALS}f}" for x, y in ring[::step])
        if len(ring) >= 3 and len(text) <= most_letters:
            found.append((area.name, text))
    return found


def _commands(session: TwinSession, type_id: str, target_id: str) -> list[tuple[str, str]]:
    """Commands of a type that the target accepted, newest first, and when that was."""
    found: list[Command] = [
        command
        for command in session.hub.room.commands.values()
        if command.request.type_id == type_id
        and command.request.target_id == target_id
        and _ACTED in command.times_ns
    ]
    found.sort(key=lambda command: command.times_ns[_ACTED], reverse=True)
    return [(_words(command), command.request.id) for command in found]


def _words(command: Command) -> str:
    headline = str(command.request.args.get("headline", ""))
    what = f"“{headline}”" if headline else request_phrase(command.request)
    return f"{clock_text(command.times_ns[_ACTED])} {what}"
