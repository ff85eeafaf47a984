"""The tools of the 3D view, as panels see them: filled and followed by the app, without drawing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from twin.analysis.finding import NOTHING_FOUND, Finding
from twin.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEntry:
    """One tool of the scene.

    Attributes
    ----------
    kind : "pointer" = one at a time, Esc leaves it; "mode" = stays beside others
    state : frozen dataclass of its settings, as of a layer
    failed : why it was switched off, "" = it works
    """

    id: str
    title: str
    help: str
    icon: str
    key: str
    kind: Literal["pointer", "mode"]
    state: Any
    on: bool = False
    failed: str = ""


class ToolList:
    """All tools, which are on, their settings and what they found. GUI thread only.

    Signals
    -------
    filled(None)
        The tools were replaced.
    changed(ToolEntry)
        The person switched a tool or changed its settings; the app hands it to the scene.
    shown(ToolEntry)
        A tool is otherwise now: `changed` included, and also when the scene switched it off.
    found((tool id, Finding))
        A tool knows something new.
    marker_moved(float or None)
        Distance along the shown curve, metres, that the person points at.
    """

    def __init__(self, entries: Iterable[ToolEntry] = ()) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._findings: dict[str, Finding] = {}
        self.filled: Signal[None] = Signal()
        self.changed: Signal[ToolEntry] = Signal()
        self.shown: Signal[ToolEntry] = Signal()
        self.found: Signal[tuple[str, Finding]] = Signal()
        self.marker_moved: Signal[float | None] = Signal()

    @property
    def entries(self) -> tuple[ToolEntry, ...]:
        """All tools, in their order."""
        return tuple(self._entries.values())

    def entry(self, tool_id: str) -> ToolEntry:
        """One tool; KeyError if there is none of that id."""
        return self._entries[tool_id]

    @property
    def pointer(self) -> ToolEntry | None:
        """The tool that has the pointer."""
        on = (entry for entry in self._entries.values() if entry.on and entry.kind == "pointer")
        return next(on, None)

    def fill(self, entries: Iterable[ToolEntry]) -> None:
        """Replace what is on offer."""
        self._entries = {entry.id: entry for entry in entries}
        self.filled.emit(None)

    def switch(self, tool_id: str, on: bool) -> None:
        """Switch a tool; a pointer tool takes the pointer from the last one."""
        entry = self._entries[tool_id]
        if on == entry.on:
            return
        last = self.pointer
        if on and entry.kind == "pointer" and last is not None:
            self._put(dataclasses.replace(last, on=False))
        self._put(dataclasses.replace(entry, on=on, failed=""))

    def toggle(self, tool_id: str) -> None:
        """Switch a tool on or off."""
        self.switch(tool_id, not self._entries[tool_id].on)

    def leave(self) -> bool:
        """Put the pointer tool away; False when none has the pointer."""
        last = self.pointer
        if last is not None:
            self.switch(last.id, on=False)
        return last is not None

    def set_field(self, tool_id: str, name: str, value: Any) -> None:
        """Change one setting of a tool."""
        entry = self._entries[tool_id]
        if getattr(entry.state, name) != value:
            self.set_state(tool_id, dataclasses.replace(entry.state, **{name: value}))

    def set_state(self, tool_id: str, state: Any) -> None:
        """Replace the settings of a tool."""
        self._put(dataclasses.replace(self._entries[tool_id], state=state))

    def finding(self, tool_id: str) -> Finding:
        """What a tool has found."""
        return self._findings.get(tool_id, NOTHING_FOUND)

    def show_finding(self, tool_id: str, finding: Finding) -> None:
        """Tell what a tool has found; called by the app."""
        if finding is not self._findings.get(tool_id, NOTHING_FOUND):
            self._findings[tool_id] = finding
            self.found.emit((tool_id, finding))

    def show_failed(self, tool_id: str, reason: str) -> None:
        """Tell that the scene switched a tool off; called by the app."""
        entry = dataclasses.replace(self._entries[tool_id], on=False, failed=reason)
        self._entries[tool_id] = entry
        self.shown.emit(entry)

    def _put(self, entry: ToolEntry) -> None:
        self._entries[entry.id] = entry
        self.changed.emit(entry)
        self.shown.emit(entry)
