"""What a console knows of the sources of its scene: shown or not, where they stand, troubles."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from twin.arrays import BoolArray
from twin.city.scene_file import Placement, SceneFile, SceneSource
from twin.city.scene_report import SourceReport
from twin.signals import Signal


class SceneSources:
    """The sources of the open scene. GUI thread only.

    Signals
    -------
    visible_changed(str)
        A source was switched on or off; its id.
    place_previewed(tuple id, Placement or None)
        Somebody tries where a source could stand; None = no longer.
    place_chosen(tuple id, Placement)
        A source is to stand there from now on.
    changed(None)
        The reports were replaced.
    told(str)
        Something new is known of what a streamed source lacks; its id.
    """

    def __init__(
        self, reports: Sequence[SourceReport] = (), scene_file: SceneFile | None = None
    ) -> None:
        self.reports = tuple(reports)
        self.scene_file = scene_file
        self._visible = {one.source.id: one.source.visible for one in reports}
        self.visible_changed: Signal[str] = Signal()
        self.place_previewed: Signal[tuple[str, Placement | None]] = Signal()
        self.place_chosen: Signal[tuple[str, Placement]] = Signal()
        self.changed: Signal[None] = Signal()
        self.told: Signal[str] = Signal()
        self._lacks: dict[str, str] = {}

    def report(self, source_id: str) -> SourceReport:
        """The report of a source.

        Raises
        ------
        KeyError
            There is none.
        """
        for one in self.reports:
            if one.source.id == source_id:
                return one
        raise KeyError(source_id)

    def is_visible(self, source_id: str) -> bool:
        """Whether a source is switched on."""
        return self._visible.get(source_id, True)

    def set_visible(self, source_id: str, visible: bool) -> None:
        """Switch a source on or off; kept in the scene file when it is saved next."""
        if self.is_visible(source_id) != visible:
            self._visible[source_id] = visible
            self._keep(dataclasses.replace(self.report(source_id).source, visible=visible))
            self.visible_changed.emit(source_id)

    def lacks(self, source_id: str) -> str:
        """What is missing of a streamed source or waited for, "" when all is well."""
        return self._lacks.get(source_id, "")

    def tell(self, source_id: str, lacks: str) -> None:
        """Note what is missing of a streamed source now."""
        if lacks != self.lacks(source_id):
            self._lacks[source_id] = lacks
            self.told.emit(source_id)

    def hidden_rows(self, n_features: int) -> BoolArray:
        """(N,) bool, the features of all sources that are switched off."""
        hidden = np.zeros(n_features, bool)
        for one in self.reports:
            if not self.is_visible(one.source.id):
                hidden[one.first : one.end] = True
        return hidden

    def preview_place(self, source_id: str, place: Placement | None) -> None:
        """Try a place; nothing is moved yet."""
        self.place_previewed.emit((source_id, place))

    def choose_place(self, source_id: str, place: Placement) -> None:
        """Have a source stand there; kept in the scene file when it is saved next."""
        self.place_previewed.emit((source_id, None))
        self._keep(dataclasses.replace(self.report(source_id).source, place=place))
        self.place_chosen.emit((source_id, place))

    def take_bounds(self, source_id: str, bounds: tuple[float, ...]) -> None:
        """Note where a source lies after it was moved."""
        self.reports = tuple(
            dataclasses.replace(one, bounds_min_max_local_m=bounds, has_place=True)
            if one.source.id == source_id
            else one
            for one in self.reports
        )
        self.changed.emit(None)

    def _keep(self, source: SceneSource) -> None:
        self.reports = tuple(
            dataclasses.replace(one, source=source) if one.source.id == source.id else one
            for one in self.reports
        )
        if self.scene_file is not None:
            self.scene_file.replace_source(source)
