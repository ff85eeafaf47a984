"""What the 3D view draws, as the layers panel sees it: filled by the app, without any drawing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from twin.city.style import StyleOutcome
from twin.ramps import SEQUENTIAL, Ramp
from twin.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerEntry:
    """One layer of the scene.

    Attributes
    ----------
    state : frozen dataclass; each field's metadata may have ``title``, ``help``, ``unit``,
        ``min``, ``max``, ``choices``. The layer's controls are built from it
    """

    id: str
    title: str
    state: Any
    visible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What the colours of the city mean now.

    Attributes
    ----------
    vmin, vmax : ends of the ramp (numbers only)
    ramp : None for the classes of a text attribute
    classes : (name, "#RRGGBB")
    no_data : "#RRGGBB" of what has no value
    note : e.g. "nearest sensor within 250 m", "" for none
    """

    title: str
    unit: str = ""
    vmin: float = 0.0
    vmax: float = 1.0
    ramp: Ramp | None = None
    classes: tuple[tuple[str, str], ...] = ()
    no_data: str = "#B9BDC2"
    note: str = ""


class LayerList:
    """Layers in drawing order, the ramp of "Colour by" and the present legend. GUI thread only.

    Signals
    -------
    changed(LayerEntry)
        The operator changed a layer; the app hands its state to the scene.
    ramp_changed(Ramp)
        Ramp chosen for "Colour by".
    filled(None)
        The layers were replaced.
    legend_changed(Legend | None)
        The scene colours by something else; None for the plain model.
    style_outcome_changed(StyleOutcome)
        How many features the style shows now, or why it could not be applied.
    """

    def __init__(self, entries: Iterable[LayerEntry] = ()) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self.ramp: Ramp = SEQUENTIAL[0]
        self.legend: Legend | None = None
        self.changed: Signal[LayerEntry] = Signal()
        self.ramp_changed: Signal[Ramp] = Signal()
        self.filled: Signal[None] = Signal()
        self.legend_changed: Signal[Legend | None] = Signal()
        self.style_outcome = StyleOutcome()
        self.style_outcome_changed: Signal[StyleOutcome] = Signal()

    @property
    def entries(self) -> tuple[LayerEntry, ...]:
        """All layers, in drawing order."""
        return tuple(self._entries.values())

    def entry(self, layer_id: str) -> LayerEntry:
        """One layer; KeyError if there is none of that id."""
        return self._entries[layer_id]

    def fill(self, entries: Iterable[LayerEntry]) -> None:
        """Replace what is on offer (a city was opened)."""
        self._entries = {entry.id: entry for entry in entries}
        self.filled.emit(None)

    def show_entries(self, entries: Iterable[LayerEntry]) -> None:
        """Show the layers of another view: `changed` for those that are otherwise there."""
        wanted = {entry.id: entry for entry in entries}
        if wanted.keys() != self._entries.keys():
            self.fill(wanted.values())
            return
        for entry in wanted.values():
            if entry != self._entries[entry.id]:
                self._put(entry)

    def set_visible(self, layer_id: str, visible: bool) -> None:
        """Show or hide a layer."""
        entry = self._entries[layer_id]
        if visible != entry.visible:
            self._put(dataclasses.replace(entry, visible=visible))

    def set_field(self, layer_id: str, name: str, value: Any) -> None:
        """Change one field of a layer's state."""
        entry = self._entries[layer_id]
        if getattr(entry.state, name) != value:
            state = dataclasses.replace(entry.state, **{name: value})
            self._put(dataclasses.replace(entry, state=state))

    def set_ramp(self, ramp: Ramp) -> None:
        """Choose the ramp for "Colour by"."""
        if ramp != self.ramp:
            self.ramp = ramp
            self.ramp_changed.emit(ramp)

    def show_legend(self, legend: Legend | None) -> None:
        """Tell what the colours mean; called by the app whenever the colouring changes."""
        if legend != self.legend:
            self.legend = legend
            self.legend_changed.emit(legend)

    def show_style_outcome(self, outcome: StyleOutcome) -> None:
        """Tell what the style did; called by the app with every drawing."""
        if outcome != self.style_outcome:
            self.style_outcome = outcome
            self.style_outcome_changed.emit(outcome)

    def _put(self, entry: LayerEntry) -> None:
        self._entries[entry.id] = entry
        self.changed.emit(entry)
