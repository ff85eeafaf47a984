"""Closed roads: a red and white barrier along the road and a no-entry sign above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, sprite_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.view import View
from twin.arrays import Float32Array
from twin.theme import rgb_from_hex

RANK = 26
LIFT_M = 2.0
SIGN_M = 9.0
STRIPE_M = 7.0
WIDTH_PX = 5.0


@dataclass(frozen=True, slots=True)
class ClosuresState:
    """Closed roads have no settings."""


class ClosuresVisual:
    """All stripes in one draw, all signs in another."""

    def build(self, stage: Stage) -> None:
        """Make both actors, empty."""
        self._stage = stage
        red = rgb_from_hex(stage.theme.priority["critical"])
        self._lines = Lines(stage.renderer, WIDTH_PX * stage.pixel_ratio)
        self._signs = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._red = np.array([*red, 1.0], np.float32)
        self._white = np.array([1.0, 1.0, 1.0, 1.0], np.float32)
        self._slots: dict[str, int] = {}
        self._catalogue = -1
        self._closed: tuple[str, ...] = ()

    def update(self, given: SceneInput, view: View, state: ClosuresState) -> bool:  # noqa: ARG002
        """Draw anew when a road was closed or opened."""
        self._signs.fit(view)
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            self._slots = {
                stream.thing_id: slot
                for slot, stream in enumerate(given.datastreams)
                if stream.observed_property == "closed" and stream.thing_id in given.paths_local_m
            }
            self._closed = ("",)
        closed = closed_roads(given, self._slots)
        if closed == self._closed:
            return False
        self._closed = closed
        self._draw([given.paths_local_m[thing_id] for thing_id in closed])
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._lines.set_visible(visible)
        self._signs.set_visible(visible)

    def dispose(self) -> None:
        """Take both actors out."""
        self._lines.dispose()
        self._signs.dispose()

    def _draw(self, paths: list[Float32Array]) -> None:
        stripes = [striped(path) for path in paths]
        ends = np.concatenate([np.zeros((0, 2, 3), np.float32), *[ends for ends, _ in stripes]])
        is_red = np.concatenate([np.zeros(0, bool), *[red for _, red in stripes]])
        ends[:, :, 2] += LIFT_M
        shades = np.stack([self._white[:3], self._red[:3]])
        rgb = np.round(shades[is_red.astype(int)] * 255).astype(np.uint8)
        self._lines.set_lines(ends, rgb)
        middle = [np.array([middle_of(path)]) for path in paths]
        at = np.concatenate([np.zeros((0, 3)), *middle]).astype(np.float32)
        at[:, 2] += SIGN_M
        sprite = self._stage.atlas.symbol("closed")
        zero = np.zeros((len(at), 2), np.float32)
        self._signs.set_quads(sprite_quads([sprite] * len(at), at, zero, self._red, self._white))


def closed_roads(given: SceneInput, slots: dict[str, int]) -> tuple[str, ...]:
    """Ids of the roads that report to be closed."""
    if given.observations is None:
        return ()
    values = given.observations.values
    return tuple(
        thing_id for thing_id, slot in slots.items() if slot < len(values) and values[slot] >= 0.5
    )


def striped(path: Float32Array) -> tuple[Float32Array, np.ndarray]:
    """Pieces (N, 2, 3) of a polyline of about `STRIPE_M` each, and which of them are red."""
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    n = max(2, round(float(length[-1]) / STRIPE_M))
    marks = np.unique(np.r_[np.linspace(0, length[-1], n + 1), length])
    points = np.column_stack([np.interp(marks, length, path[:, k]) for k in range(3)])
    middle = 0.5 * (marks[1:] + marks[:-1])
    is_red = (middle / max(float(length[-1]), 1e-6) * n).astype(int) % 2 == 0
    return np.stack([points[:-1], points[1:]], axis=1).astype(np.float32), is_red


def middle_of(path: Float32Array) -> Float32Array:
    """(3,) the point half way along a polyline."""
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    half = length[-1] / 2
    return np.array([np.interp(half, length, path[:, k]) for k in range(3)], np.float32)


LAYER = LayerType(
    id="closures", title="Closed roads", state=ClosuresState, visual=ClosuresVisual, order=25
)
