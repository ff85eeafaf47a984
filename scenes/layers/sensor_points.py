"""Every sensor of one property as a coloured point: a hundred thousand of them in one picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.layer import LayerType
from scenes.layers.heat_map import AUTO, property_range, wanted_property
from scenes.legend import Legend
from scenes.scene_input import SceneInput
from scenes.splat_picture import SplatPicture, points_size_px
from scenes.stage import Stage
from scenes.view import View
from twin.clock import NS_PER_S
from twin.ramps import SEQUENTIAL, Ramp, colours_from_values
from twin.sense.model import OBSERVED_PROPERTIES
from twin.theme import rgb_from_hex

#: Colours move at most this often.
REFRESH_NS = NS_PER_S // 5
LIFT_M = 2.0
LEAST_PX = 2.5
#: Code of `twin.sense.health.Health`.
_STALE = 1


@dataclass(frozen=True, slots=True)
class SensorPointsState:
    """Settings of the points."""

    observed: str = field(
        default=AUTO,
        metadata={
            "title": "Of",
            "choices": (AUTO, *OBSERVED_PROPERTIES),
            "help": "Observed property; “as coloured” follows “Colour by”, else takes air or noise",
        },
    )
    size_px: float = field(
        default=6.0, metadata={"title": "Size", "unit": "px", "min": 2.0, "max": 16.0}
    )
    ramp: Ramp = field(default="viridis", metadata={"choices": SEQUENTIAL, "help": "Its colours"})


class SensorPointsVisual:
    """Places are found once a view, colours at most five times a second."""

    def build(self, stage: Stage) -> None:
        """Make the picture, empty."""
        self._stage = stage
        self._picture = SplatPicture(stage.foreground)
        red, green, blue = (round(255 * c) for c in rgb_from_hex(stage.theme.scene["no_data"]))
        self._no_data = (red, green, blue)
        self._slots = np.empty(0, np.intp)
        self._rows = np.empty(0, np.intp)
        self._points = np.empty((0, 3), np.float32)
        self._catalogue: tuple[object, ...] = ()
        self._name = ""
        self._stamp = b""
        self._drawn: tuple[object, ...] = ()
        self._drawn_ns = 0

    def update(self, given: SceneInput, view: View, state: SensorPointsState) -> bool:
        """Follow catalogue, view, values and settings."""
        asked = (given.catalogue_version, given.colour_by, state.observed)
        if asked != self._catalogue:
            self._catalogue, self._stamp = asked, b""
            self._name = wanted_property(given, state.observed)
            self._find(given)
        if view.stamp != self._stamp:
            self._stamp = view.stamp
            self._rows = self._picture.place(view.project(self._points), view.size_px)
            self._drawn = ()
        moment = (asked, state, given.version)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if moment == self._drawn or (moment[:2] == self._drawn[:2] and is_recent):
            return False
        self._drawn, self._drawn_ns = moment, given.now_ns
        self._paint(given, view, state)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide points and legend."""
        self._picture.set_visible(visible)
        if not visible:
            self._stage.set_legend("points", None)
        self._drawn = ()

    def dispose(self) -> None:
        """Take the points out."""
        self._stage.set_legend("points", None)
        self._picture.dispose()

    def _find(self, given: SceneInput) -> None:
        """The sensors of the property that stand somewhere."""
        n = len(given.xyz_local_m)
        streams = given.datastreams[:n]
        slots = np.array(
            [k for k, s in enumerate(streams) if s.observed_property == self._name], np.intp
        )
        self._slots = slots[np.isfinite(given.xyz_local_m[slots]).all(axis=1)]
        self._points = given.xyz_local_m[self._slots].astype(np.float32)
        self._points[:, 2] += LIFT_M

    def _paint(self, given: SceneInput, view: View, state: SensorPointsState) -> None:
        no_data = (*self._no_data, 255)
        values = np.full(len(self._slots), np.nan)
        if given.observations is not None:
            known = self._slots < len(given.observations.values)
            values[known] = given.observations.values[self._slots[known]]
        if len(given.health):
            values[given.health[self._slots] == _STALE] = np.nan
        title, unit, vmin, vmax = property_range(given, self._name, values)
        colours = colours_from_values(values[self._rows], vmin, vmax, state.ramp, no_data)
        ratio = view.pixel_ratio
        size = points_size_px(
            len(self._rows), view.size_px, state.size_px * ratio, LEAST_PX * ratio
        )
        self._picture.paint(colours, size)
        self._stage.set_legend(
            "points",
            Legend(
                title=title, unit=unit, vmin=vmin, vmax=vmax, ramp=state.ramp,
                no_data=self._no_data, note=f"{len(self._slots):,} sensors",
            ) if len(self._slots) else None,
        )  # fmt: skip


LAYER = LayerType(
    id="sensor_points",
    title="Values as points",
    state=SensorPointsState,
    visual=SensorPointsVisual,
    order=36,
    visible_at_start=False,
)
