"""Introduces the scene's tools to panels, keys and the line over the view. GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from scenes.city_scene import CityScene
from twin.analysis.finding import Finding
from twin.session import Selection, TwinSession
from twin.signals import Signal
from twin.theme import Theme
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.tool_hint import ToolHint
from widgets.tool_list import ToolEntry, ToolList
from widgets.viewport import Viewport

#: How often findings are looked at; telling them again costs nothing when they are the same.
TELL_MS = 100
GROUP = "Tools"


class ToolDriver:
    """Carries switches, settings and pointer to the scene, findings and hints back.

    Parameters
    ----------
    hurry : asks for the next tick to be drawn although nothing of the room moved
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        scene: CityScene,
        viewport: Viewport,
        tools: ToolList,
        bridge: Bridge,
        hurry: Callable[[], None],
    ) -> None:
        self._session = session
        self._scene = scene
        self._tools = tools
        self._hurry = hurry
        self._found: Selection | None = None
        self._hint = ToolHint(viewport)
        tools.fill(entries_of(scene))
        self._disconnects = [
            tools.changed.connect(self._take),
            tools.marker_moved.connect(self._move_marker),
            viewport.hovered.connect(self._point),
            bridge.every(TELL_MS, self._tell),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """Each tool by name and key."""
        for entry in self._tools.entries:
            table.add(
                Action(
                    id=f"tool.{entry.id}",
                    title=entry.title,
                    key=entry.key,
                    group=GROUP,
                    icon=entry.icon,
                    run=partial(self._tools.toggle, entry.id),
                    checked=partial(self._is_on, entry.id),
                )
            )

    def dress(self, theme: Theme, theme_changed: Signal[Theme]) -> None:
        """Follow the window's theme."""
        self._hint.dress(theme.ui)
        self._disconnects.append(theme_changed.connect(lambda new: self._hint.dress(new.ui)))

    def close(self) -> None:
        """Let go of everything."""
        for disconnect in self._disconnects:
            disconnect()
        self._hint.say("")

    def _is_on(self, tool_id: str) -> bool:
        return self._tools.entry(tool_id).on

    def _take(self, entry: ToolEntry) -> None:
        self._scene.tools.set_state(entry.id, entry.state)
        self._scene.tools.switch(entry.id, entry.on)
        self._hurry()

    def _point(self, at_px: tuple[float, float] | None) -> None:
        tool = self._scene.tools.pointer
        if tool is not None and tool.grip == "click" and at_px is not None:
            self._scene.tools.move(*at_px)
            self._hurry()

    def _move_marker(self, distance_m: float | None) -> None:
        self._scene.tools.mark(distance_m)
        self._hurry()

    def _tell(self) -> None:
        box = self._scene.tools
        for tool_id, reason in box.failures.items():
            if self._tools.entry(tool_id).on:
                self._tools.show_failed(tool_id, reason)
                self._session.message.emit(f"The tool stopped: {reason}")
        for record in box.records:
            self._tools.show_finding(record.id, box.finding(record.id))
        pointer = box.pointer
        finding = None if pointer is None else box.finding(pointer.id)
        self._hint.say("" if finding is None else finding.hint)
        self._select_found(finding)

    def _select_found(self, finding: Finding | None) -> None:
        found = None
        if finding is not None and finding.features is not None:
            found = Selection(features=finding.features, things=finding.things)
        if found is not None and found != self._found:
            self._session.select(found)
        self._found = found


def entries_of(scene: CityScene) -> list[ToolEntry]:
    """The scene's tools as panels see them."""
    return [
        ToolEntry(
            id=record.id,
            title=record.title,
            help=record.help,
            icon=record.icon,
            key=record.key,
            kind=record.kind,
            state=scene.tools.state(record.id),
            on=scene.tools.is_on(record.id),
        )
        for record in scene.tools.records
    ]
