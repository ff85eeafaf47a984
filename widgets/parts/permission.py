"""What the hub lets this person do, told at the buttons before they are pressed.

A button that the hub would refuse is off, with the hub's own sentence as its tool tip and, where
there is room, in a muted line. While nobody knows the answer it is offered: the hub decides.
GUI thread; nothing here waits for the hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QAbstractButton, QLabel

from twin.commanding import target_of
from twin.session import TwinSession
from widgets.parts.elided_button import ElidedButton
from widgets.parts.labels import say

#: Of a batch so many targets are asked about.
MOST_ASKED = 60


def why_not(session: TwinSession, action: str, about: str = "") -> str:
    """Why the hub would refuse this to whoever sits here, "" if it would not or nobody knows."""
    permission = session.hub.may(action, about)
    return "" if permission is None or permission.allowed else permission.text


def why_not_all(session: TwinSession, pairs: Sequence[tuple[str, str]]) -> str:
    """Why the hub would refuse these commands (type, target); several go as one batch."""
    if len(pairs) <= 1:
        return next((why_not(session, *pair) for pair in pairs), "")
    text = why_not(session, "batch.submit")
    if text:
        return text
    refused = [(pair[1], text) for pair in pairs[:MOST_ASKED] if (text := why_not(session, *pair))]
    if not refused:
        return ""
    target = target_of(session, refused[0][0])
    name = target.name if target is not None else refused[0][0]
    n_more = len(refused) - 1
    return f"{name}: {refused[0][1]}" + (f" (and {n_more} more of them)" if n_more else "")


def waits_for(session: TwinSession, pairs: Sequence[tuple[str, str]]) -> str:
    """What commands (type, target) would wait for once given, as the hub says of the first."""
    found = (session.hub.may(*pair) for pair in pairs[:MOST_ASKED])
    return next((one.waits for one in found if one is not None and one.waits), "")


@dataclass(frozen=True, slots=True)
class Deed:
    """A button, what it asks of the hub, and what about.

    Attributes
    ----------
    tip : its own tool tip, "" = none, of an elided one its text
    is_ready : nothing else is missing, such as a choice
    """

    button: QAbstractButton
    kind: str
    about: str = ""
    tip: str = ""
    is_ready: bool = True

    @property
    def title(self) -> str:
        """The whole text of the button."""
        button = self.button
        text = button.full_text if isinstance(button, ElidedButton) else button.text()
        return text.rstrip("…")


def tell(
    session: TwinSession, note: QLabel, deeds: Sequence[Deed], *, has_room: bool = True
) -> None:
    """Turn off what the hub would refuse; the line says the first of it in sight, and why.

    Parameters
    ----------
    note : a muted label beside or below the buttons, hidden when there is nothing to say
    has_room : there is room for it; the tool tips say it in any case
    """
    told, around = "", note.parentWidget() or note.window()
    for deed in deeds:
        against = why_not(session, deed.kind, deed.about)
        usual = deed.button.full_text if isinstance(deed.button, ElidedButton) else ""
        offer(deed.button, against, tip=deed.tip or usual)
        if not deed.is_ready:
            deed.button.setEnabled(False)
        if against and not told and deed.button.isVisibleTo(around):
            told = f"{deed.title}: {against}" if len(deeds) > 1 else against
    note.setToolTip(told)
    say(note, told if has_room else "")


def offer(button: QAbstractButton, against: str, *, tip: str) -> None:
    """Turn a button off while something is against it, and say what; else on with its own tip."""
    button.setEnabled(not against)
    button.setToolTip(against or tip)
    button.setAccessibleDescription(against)
