"""The layers of one scene: which are on, their settings, and what becomes of one that fails.

Hard-won rules:

1. A layer that raises is switched off and named in ``failures``; the others stay drawn. Guard:
   ``tests/scenes/test_layer_stack.py``.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scenes.layer import LayerType, LayerVisual, layer_registry
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Entry:
    record: LayerType
    visual: LayerVisual
    state: Any
    visible: bool
    failed: str = ""
    built: bool = False


class LayerStack:
    """Builds, updates and takes down the drawn side of every layer. GUI thread.

    What a layer draws is built when it is first seen: a layer that is off costs nothing.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._entries = {
            record.id: _Entry(record, record.visual(), record.state(), record.visible_at_start)
            for record in sorted(layer_registry(), key=lambda record: record.order)
        }

    @property
    def records(self) -> tuple[LayerType, ...]:
        """All layers, in drawing order."""
        return tuple(entry.record for entry in self._entries.values())

    @property
    def failures(self) -> dict[str, str]:
        """Reason by id of layers that were switched off because they failed."""
        return {key: entry.failed for key, entry in self._entries.items() if entry.failed}

    def is_visible(self, layer_id: str) -> bool:
        """Whether a layer is switched on."""
        return self._entries[layer_id].visible

    def set_visible(self, layer_id: str, visible: bool) -> bool:
        """Switch a layer on or off; False when it is so already."""
        entry = self._entries[layer_id]
        if entry.visible == visible:
            return False
        entry.visible = visible
        if entry.built:
            entry.visual.set_visible(visible)
        return True

    def state(self, layer_id: str) -> Any:
        """Settings of a layer (its record's frozen dataclass)."""
        return self._entries[layer_id].state

    def set_state(self, layer_id: str, state: Any) -> None:
        """Replace the settings of a layer."""
        self._entries[layer_id].state = state

    def update(self, given: SceneInput, view: View) -> bool:
        """Bring every layer that is on to this moment; whether anything drawn has changed."""
        changed = False
        for entry in self._entries.values():
            if entry.visible and not entry.failed:
                changed |= self._update(entry, given, view)
        return changed

    def rebuild(self) -> None:
        """City or colours are others: what is drawn is made anew, failed layers get a new try."""
        for entry in self._entries.values():
            self._tear_down(entry)
            entry.failed = ""

    def dispose(self) -> None:
        """Take everything out of the renderer."""
        for entry in self._entries.values():
            self._tear_down(entry)

    def _update(self, entry: _Entry, given: SceneInput, view: View) -> bool:
        try:
            if not entry.built:
                entry.built = True
                entry.visual.build(self._stage)
            return entry.visual.update(given, view, entry.state)
        except Exception as error:  # noqa: BLE001 - one bad layer must not take the city away
            _log.exception("The layer %s failed and was switched off", entry.record.id)
            entry.failed = str(error) or type(error).__name__
            with suppress(AttributeError):  # it may have failed before it made its actors
                entry.visual.set_visible(False)
            return True

    def _tear_down(self, entry: _Entry) -> None:
        if entry.built:
            entry.visual.dispose()
            entry.built = False
