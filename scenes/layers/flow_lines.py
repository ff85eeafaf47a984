"""Traffic as it flows: dashes run along the measured streets at their speed, one a vehicle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.flow_ribbons import FlowRibbons
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.street_colours import Streets, TrafficClasses, streets_of
from scenes.view import View
from twin.arrays import Float64Array
from twin.clock import NS_PER_S

REFRESH_NS = NS_PER_S
#: Fewer vehicles an hour than this are no flow.
LEAST_FLOW = 20.0
#: Rays a frame that look which pieces the city hides, once the camera rests.
RAYS = 150
_UNKNOWN, _SEEN = 0.3, 0.95


@dataclass(frozen=True, slots=True)
class FlowLinesState:
    """Settings of the flow lines."""

    moving: bool = field(default=True, metadata={"help": "Off: the dashes stand still"})


class FlowLinesVisual:
    """One draw over the kept picture; what houses hide is found by rays, a few a frame."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._ribbons = FlowRibbons(stage.foreground)
        self._speeds = self._flows = streets_of(SceneInput(), "")
        self._classes: TrafficClasses | None = None
        self._catalogue = self._version = -1
        self._set_ns = 0
        self._run_m = self._speed_mps = np.zeros(0)
        self._rgb = np.zeros((0, 3), np.float32)
        self._flowing = np.zeros(0, bool)
        self._alpha = np.zeros(0, np.float32)
        self._asked = 0
        self._stamp = b""
        self._visible = True

    def update(self, given: SceneInput, view: View, state: FlowLinesState) -> bool:
        """Take new values once a second, move the dashes, look what is hidden."""
        if given.catalogue_version != self._catalogue:
            self._catalogue, self._version = given.catalogue_version, -1
            self._take_streets(given)
        if self._classes is None:
            return False
        if view.stamp != self._stamp:
            self._stamp, self._asked = view.stamp, 0
            self._alpha[:] = _UNKNOWN
            self._version = -1
        else:
            self._look(view)
        self._ribbons.fit(view)
        is_due = abs(given.now_ns - self._set_ns) >= REFRESH_NS
        if self._version < 0 or (is_due and given.version != self._version):
            self._take_values(given)
        seconds = (given.now_ns - self._set_ns) / NS_PER_S if state.moving else 0.0
        self._ribbons.set_seconds(seconds)
        return bool(self._flowing.any())

    def set_visible(self, visible: bool) -> None:
        """Show or hide dashes and legend."""
        self._visible = visible
        self._ribbons.set_visible(visible)
        self._tell_legend()

    def dispose(self) -> None:
        """Take the dashes out."""
        self._stage.set_legend("flow", None)
        self._ribbons.dispose()

    def _take_streets(self, given: SceneInput) -> None:
        speeds, flows = streets_of(given, "traffic_speed"), streets_of(given, "traffic_flow")
        flow_of = {given.datastreams[slot].thing_id: slot for slot in flows.slots}
        both = [
            (slot, flow_of[given.datastreams[slot].thing_id], path)
            for slot, path in zip(speeds.slots, speeds.paths_local_m, strict=True)
            if given.datastreams[slot].thing_id in flow_of
        ]
        paths = [path for _, _, path in both]
        self._speeds = Streets(
            slots=np.array([s for s, _, _ in both], np.intp), paths_local_m=paths
        )
        self._flows = Streets(slots=np.array([f for _, f, _ in both], np.intp), paths_local_m=paths)
        stage = self._stage
        self._classes = TrafficClasses(stage.asset, stage.theme, self._speeds) if both else None
        self._ribbons.set_paths(paths)
        self._run_m = self._speed_mps = np.zeros(len(both))
        self._alpha = np.full(len(self._ribbons.ends_local_m), _UNKNOWN, np.float32)
        self._stamp = b""
        self._tell_legend()

    def _take_values(self, given: SceneInput) -> None:
        if self._classes is None:
            return
        gone_s = (given.now_ns - self._set_ns) / NS_PER_S if self._set_ns else 0.0
        self._run_m = self._run_m + self._speed_mps * gone_s
        self._version, self._set_ns = given.version, given.now_ns
        speed, flow = self._speeds.values(given), self._flows.values(given)
        self._flowing = (speed > 1.0) & (flow >= LEAST_FLOW)
        self._speed_mps = np.where(self._flowing, speed / 3.6, 0.0)
        spacing = spacing_m(speed, flow)
        self._run_m %= np.maximum(spacing, 1.0) * 1000.0
        self._ribbons.set_motion(self._run_m, self._speed_mps, spacing)
        self._rgb = (self._classes.colours(given) / 255.0).astype(np.float32)
        self._write_ink()

    def _write_ink(self) -> None:
        shown = self._flowing[self._ribbons.street_of]
        self._ribbons.set_ink(self._rgb, np.where(shown, self._alpha, 0.0).astype(np.float32))

    def _look(self, view: View) -> None:
        """Ask for some more pieces whether the city hides them."""
        ends = self._ribbons.ends_local_m
        if self._asked >= len(ends) or not len(self._rgb):
            return
        rows = np.arange(self._asked, min(self._asked + RAYS, len(ends)))
        self._asked = int(rows[-1]) + 1
        middles = ends[rows].mean(axis=1) + np.array([0.0, 0.0, 1.5], np.float32)
        inside = view.is_inside(view.project(middles), 40.0)
        seen = np.zeros(len(rows), bool)
        if inside.any():
            seen[inside] = self._stage.sees(view.eyes_of(middles[inside]), middles[inside])
        self._alpha[rows] = np.where(seen, _SEEN, 0.0)
        self._write_ink()

    def _tell_legend(self) -> None:
        shown = self._visible and self._classes is not None
        self._stage.set_legend("flow", self._classes.legend if shown and self._classes else None)


def spacing_m(speed_kmh: Float64Array, flow_per_h: Float64Array) -> Float64Array:
    """Metres from vehicle to vehicle one way: speed over half the flow of both ways."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spacing = speed_kmh * 1000.0 / (0.5 * flow_per_h)
    return np.clip(np.nan_to_num(spacing, nan=500.0, posinf=500.0), 10.0, 500.0)


LAYER = LayerType(
    id="flow_lines",
    title="Traffic flow",
    state=FlowLinesState,
    visual=FlowLinesVisual,
    order=46,
    visible_at_start=False,
)
