"""The tools of one scene: which are on, their settings, who gets the pointer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scenes.pick import Pick
from scenes.scene_input import SceneInput
from scenes.tool import Bench, PointerAt, ToolType, ToolVisual, tool_registry
from scenes.view import View, view_of
from twin.analysis.finding import NOTHING_FOUND, Finding

_log = logging.getLogger(__name__)

#: Above everything in a city's frame; rays straight down begin here.
SKY_M = 10_000.0


@dataclass(slots=True)
class _Tool:
    record: ToolType
    state: Any
    visual: ToolVisual | None = None
    failed: str = ""


class ToolBox:
    """Switches tools on and off and hands them pointer and frames. GUI thread.

    A tool that is off holds nothing: its visual is made when it is switched on and disposed of
    when it is switched off. A tool that raises is switched off and named in ``failures``.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._tools = {
            record.id: _Tool(record, record.state())
            for record in sorted(tool_registry(), key=lambda record: record.order)
        }
        self._is_changed = False

    @property
    def records(self) -> tuple[ToolType, ...]:
        """All tools, in their order."""
        return tuple(tool.record for tool in self._tools.values())

    @property
    def failures(self) -> dict[str, str]:
        """Reason by id of tools that were switched off because they failed."""
        return {key: tool.failed for key, tool in self._tools.items() if tool.failed}

    @property
    def pointer(self) -> ToolType | None:
        """The tool that has the pointer."""
        tool = self._pointer_tool()
        return None if tool is None else tool.record

    def is_on(self, tool_id: str) -> bool:
        """Whether a tool is at work."""
        return self._tools[tool_id].visual is not None

    def state(self, tool_id: str) -> Any:
        """Settings of a tool."""
        return self._tools[tool_id].state

    def set_state(self, tool_id: str, state: Any) -> None:
        """Replace the settings of a tool."""
        self._tools[tool_id].state = state
        self._is_changed = True

    def finding(self, tool_id: str) -> Finding:
        """What a tool has found; nothing while it is off."""
        visual = self._tools[tool_id].visual
        return NOTHING_FOUND if visual is None else visual.finding

    def switch(self, tool_id: str, on: bool) -> None:
        """Switch a tool on or off; switching a pointer tool on switches the last one off."""
        tool = self._tools[tool_id]
        if on == (tool.visual is not None):
            return
        self._is_changed = True
        if not on:
            self._drop(tool)
            return
        last = self._pointer_tool()
        if tool.record.kind == "pointer" and last is not None:
            self._drop(last)
        tool.failed = ""
        tool.visual = tool.record.visual()
        self._guard(tool, tool.visual.build, self._bench)

    def leave(self) -> bool:
        """Put the pointer tool away; False when none has the pointer."""
        tool = self._pointer_tool()
        if tool is None:
            return False
        self._drop(tool)
        self._is_changed = True
        return True

    # -- each frame -------------------------------------------------------------------------

    def update(self, given: SceneInput, view: View) -> bool:
        """Bring all tools that are on to this moment; whether a frame is worth drawing."""
        changed, self._is_changed = self._is_changed, False
        for tool in self._tools.values():
            if tool.visual is not None:
                changed |= self._guard(tool, tool.visual.update, given, view, tool.state)
        return changed

    def rebuild(self) -> None:
        """The city or the theme was replaced: make what is on anew."""
        for tool in self._tools.values():
            if tool.visual is not None:
                tool.visual.dispose()
                tool.visual = tool.record.visual()
                self._guard(tool, tool.visual.build, self._bench)
        self._is_changed = True

    def dispose(self) -> None:
        """Switch everything off."""
        for tool in self._tools.values():
            self._drop(tool)

    # -- pointer ----------------------------------------------------------------------------

    def click(self, x_px: float, y_px: float) -> bool:
        """Hand a click to the pointer tool; False when there is none."""
        return self._point(lambda visual: visual.click, x_px, y_px)

    def move(self, x_px: float, y_px: float) -> bool:
        """Tell the pointer tool where the pointer is; False when there is none."""
        return self._point(lambda visual: visual.move, x_px, y_px)

    def double_click(self, x_px: float, y_px: float) -> bool:
        """Hand a double click to the pointer tool; False when there is none."""
        return self._point(lambda visual: visual.double_click, x_px, y_px)

    def key(self, name: str) -> bool:
        """Hand a key to the pointer tool; False when it is not its."""
        tool = self._pointer_tool()
        if tool is None or tool.visual is None:
            return False
        return self._guard(tool, tool.visual.key, name)

    def click_at(self, tool_id: str, east_m: float, north_m: float) -> bool:
        """Click a tool at what is topmost at a place (local metres); False when nothing is."""
        tool = self._tools[tool_id]
        eye = np.array([east_m, north_m, SKY_M])
        pick = self._bench.picker.pick_ray(eye, np.array([0.0, 0.0, -1.0]))
        if tool.visual is None or pick is None:
            return False
        view = view_of(self._bench.stage.renderer, self._bench.stage.pixel_ratio)
        at = PointerAt(x_px=-1.0, y_px=-1.0, pick=pick, view=view)
        self._is_changed |= self._guard(tool, tool.visual.click, at)
        return True

    def mark(self, distance_m: float | None) -> None:
        """Mark a place along the curve that a tool shows, None = nowhere."""
        self._bench.marker_m = distance_m
        self._is_changed = True

    def _point(
        self, call: Callable[[ToolVisual], Callable[[PointerAt], bool]], x_px: float, y_px: float
    ) -> bool:
        tool = self._pointer_tool()
        if tool is None or tool.visual is None:
            return False
        view = view_of(self._bench.stage.renderer, self._bench.stage.pixel_ratio)
        pick: Pick | None = self._bench.picker.pick(view, x_px, y_px)
        at = PointerAt(x_px=x_px, y_px=y_px, pick=pick, view=view)
        self._is_changed |= self._guard(tool, call(tool.visual), at)
        return True

    def _pointer_tool(self) -> _Tool | None:
        """The pointer tool, else a mode that has not got the clicks it needs yet."""
        on = [tool for tool in self._tools.values() if tool.visual is not None]
        pointer = next((tool for tool in on if tool.record.kind == "pointer"), None)
        return pointer or next((t for t in on if t.visual and t.visual.wants_clicks), None)

    def _drop(self, tool: _Tool) -> None:
        visual, tool.visual = tool.visual, None
        if visual is not None:
            visual.dispose()

    def _guard(self, tool: _Tool, call: Callable[..., object], *args: object) -> bool:
        """Call a method of a tool; one that fails is put away, and the city stays."""
        try:
            return bool(call(*args))
        except Exception as error:  # noqa: BLE001 - one bad tool must not take the city away
            _log.exception("The tool %s failed and was switched off", tool.record.id)
            tool.failed = str(error) or type(error).__name__
            self._drop_failed(tool)
            return True

    def _drop_failed(self, tool: _Tool) -> None:
        try:
            self._drop(tool)
        except AttributeError:  # it failed before it had made all its parts
            _log.debug("The tool %s had not been built", tool.record.id)
