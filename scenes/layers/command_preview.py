"""What a command would change, before it is released: rings, outlines, ways and predicted values.

Broken lines and rings of four pieces: planned, not there. Always seen, whatever stands before them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, Quads, joined, no_quads, sprite_quads
from scenes.label_layout import Line, TextCache
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.thing_places import ThingPlaces, places_of
from scenes.view import View
from twin.arrays import Float32Array
from twin.commands.preview import Preview, PreviewArea
from twin.theme import rgb_from_hex

RANK = 62
LINE_PX = 2.6
LIFT_M = 1.5
#: Length of the pieces of a broken line and of the gaps between them, metres.
DASH_M, GAP_M = 9.0, 6.0
CIRCLE_CORNERS = 72
_LABEL_PX = 22.0
_MOST_LABELS = 24


@dataclass(frozen=True, slots=True)
class CommandPreviewState:
    """Previews have no settings."""


class CommandPreviewVisual:
    """Drawn anew only when the preview, the catalogue or a previewed unit has moved."""

    def build(self, stage: Stage) -> None:
        """Make all actors, empty."""
        self._stage = stage
        theme = stage.theme
        accent = rgb_from_hex(theme.ui["accent"])
        ink, halo = (rgb_from_hex(theme.scene[n]) for n in ("label_text", "label_halo"))
        self._lines = Lines(stage.foreground, LINE_PX * stage.pixel_ratio)
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._texts = TextCache(stage.atlas, ink, rgb_from_hex(theme.ui["muted"]), halo)
        self._accent = np.array([*accent, 1.0], np.float32)
        self._halo = np.array([*halo, 0.9], np.float32)
        self._seen: tuple[object, ...] = (None, -1, b"")

    def update(self, given: SceneInput, view: View, state: CommandPreviewState) -> bool:  # noqa: ARG002
        """Follow the preview."""
        self._marks.fit(view)
        preview = given.preview
        moving = b"" if preview is None else _unit_places(given, preview).tobytes()
        seen = (preview, given.catalogue_version, moving)
        if seen == self._seen:
            return False
        self._seen = seen
        if preview is None:
            self._lines.set_lines(np.zeros((0, 2, 3), np.float32), np.zeros((0, 3), np.uint8))
            self._marks.set_quads(no_quads())
            return True
        self._draw_lines(preview)
        tops = self._tops(given, preview)
        self._marks.set_quads(joined([self._rings(tops), *self._labels(preview, tops)]))
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._lines.set_visible(visible)
        self._marks.set_visible(visible)

    def dispose(self) -> None:
        """Take all out."""
        self._lines.dispose()
        self._marks.dispose()

    def _tops(self, given: SceneInput, preview: Preview) -> dict[str, Float32Array]:
        """(3,) where the symbol of each touched thing or unit is, of those that are somewhere."""
        places: ThingPlaces = places_of(given, self._stage)
        tops = {
            thing_id: places.tops_local_m[places.row_of[thing_id]]
            for thing_id in preview.things
            if thing_id in places.row_of
        }
        if given.units_now is not None:
            wanted = set(preview.things) - set(tops)
            for slot, unit in enumerate(given.units[: len(given.units_now.xyz_local_m)]):
                xyz = given.units_now.xyz_local_m[slot]
                if unit.id in wanted and np.isfinite(xyz).all():
                    tops[unit.id] = xyz.astype(np.float32)
        return tops

    def _rings(self, tops: dict[str, Float32Array]) -> Quads:
        if not tops:
            return no_quads()
        at = np.stack(list(tops.values()))
        sprite = self._stage.atlas.symbol("aim")
        zero = np.zeros((len(at), 2), np.float32)
        return sprite_quads([sprite] * len(at), at, zero, self._accent, self._halo)

    def _draw_lines(self, preview: Preview) -> None:
        ground = self._stage.ground_z_m
        paths = [np.array(line, np.float32) for line in preview.lines if len(line) > 1]
        paths += [ring for area in preview.areas if len(ring := ring_of(area)) > 2]
        pieces = [np.zeros((0, 2, 3), np.float32), *[broken(path) for path in paths]]
        ends = np.concatenate(pieces)
        ends[:, :, 2] = np.maximum(ends[:, :, 2], ground) + LIFT_M
        rgb = np.round(self._accent[:3] * 255).astype(np.uint8)
        self._lines.set_lines(ends, np.tile(rgb, (len(ends), 1)))

    def _labels(self, preview: Preview, tops: dict[str, Float32Array]) -> list[Quads]:
        told: dict[str, list[str]] = {}
        for one in preview.predictions:
            thing_id = one.datastream_id.rpartition("/")[0]
            if thing_id in tops:
                told.setdefault(thing_id, []).append(one.change.replace("→", "to"))
        labels = [(tops[thing_id], lines) for thing_id, lines in told.items()]
        for area in preview.areas:
            ring = ring_of(area)
            if area.label and len(ring) > 2:
                labels.append((ring[int(ring[:, 1].argmax())], [area.label]))
        return [self._label(at, lines) for at, lines in labels[:_MOST_LABELS]]

    def _label(self, at: Float32Array, lines: list[str]) -> Quads:
        """Above the ring, so that the symbol stays free."""
        block = self._texts.block(tuple(Line(text, "strong") for text in lines[:3]), centred=True)
        lift = _LABEL_PX * self._stage.pixel_ratio - block.bottom_px
        return block.quads_at(at.astype(float), (0.0, lift))


def ring_of(area: PreviewArea) -> Float32Array:
    """(N, 3) closed outline of an area; (0, 3) for one without extent."""
    if area.ring:
        ring = np.array(area.ring, np.float32)
        return np.concatenate([ring, ring[:1]])
    if area.radius_m <= 0:
        return np.zeros((0, 3), np.float32)
    angle = np.linspace(0.0, 2 * np.pi, CIRCLE_CORNERS + 1)
    x, y, z = area.centre
    east, north = x + area.radius_m * np.sin(angle), y + area.radius_m * np.cos(angle)
    return np.column_stack([east, north, np.full(len(angle), z)]).astype(np.float32)


def broken(path: Float32Array) -> Float32Array:
    """Pieces (N, 2, 3) of a polyline with gaps between them; a short one is one piece a side."""
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    if length[-1] < DASH_M + GAP_M:
        return np.stack([path[:-1], path[1:]], axis=1).astype(np.float32)
    n = max(1, round(float(length[-1]) / (DASH_M + GAP_M)))
    starts = np.arange(n) * length[-1] / n
    stops = starts + DASH_M / (DASH_M + GAP_M) * length[-1] / n
    # A piece that goes around a corner is cut there.
    marks = np.unique(np.r_[starts, stops, length])
    points = np.column_stack([np.interp(marks, length, path[:, k]) for k in range(3)])
    middle = 0.5 * (marks[1:] + marks[:-1])
    row = np.clip(np.searchsorted(starts, middle, side="right") - 1, 0, n - 1)
    kept = middle < stops[row]
    pieces: Float32Array = np.stack([points[:-1], points[1:]], axis=1)[kept].astype(np.float32)
    return pieces


def _unit_places(given: SceneInput, preview: Preview) -> Float32Array:
    """(k, 3) where the previewed units are, to the metre: they are followed."""
    if given.units_now is None:
        return np.zeros((0, 3), np.float32)
    wanted = set(preview.things)
    slots = [
        slot
        for slot, unit in enumerate(given.units[: len(given.units_now.xyz_local_m)])
        if unit.id in wanted
    ]
    places = np.zeros((len(slots), 3), np.float32)
    places[:] = given.units_now.xyz_local_m[slots].round()
    return places


LAYER = LayerType(
    id="command_preview",
    title="Previews of commands",
    state=CommandPreviewState,
    visual=CommandPreviewVisual,
    order=62,
    is_listed=False,
)
