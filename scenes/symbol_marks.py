"""The rectangles of things: dots, plates with glyphs, rings and badges, in the theme's colours."""

from __future__ import annotations

import numpy as np

from scenes.atlas import Atlas
from scenes.billboards import Quads, interleaved, joined, no_quads, sprite_quads, sprite_table
from scenes.scene_input import SceneInput
from scenes.symbol_art import FAMILY_OF_KIND
from scenes.thing_places import ThingPlaces
from twin.arrays import Float32Array
from twin.theme import Theme, rgb_from_hex

#: Shape of the mark of each priority, as in the rest of the console.
BADGE_OF_PRIORITY = {
    "critical": "diamond", "high": "triangle", "medium": "square", "low": "disc"
}  # fmt: skip
#: Codes of `twin.sense.health.Health`: stale and never seen are empty frames, suspect is hatched.
_STALE, _SUSPECT, _NEVER = 1, 2, 3


def rgba_of(colour: str, alpha: float = 1.0) -> Float32Array:
    """(4,) float32 of "#RRGGBB"."""
    return np.array([*rgb_from_hex(colour), alpha], np.float32)


class SymbolMarks:
    """Draws rows of one catalogue of things."""

    def __init__(self, atlas: Atlas, theme: Theme, places: ThingPlaces) -> None:
        self._atlas, self._places = atlas, places
        families = [FAMILY_OF_KIND.get(kind, "dot") for kind in places.kinds]
        self._plates = self._table("plate", families)
        self._frames = self._table("hollow", families)
        self._hatched = self._table("hatched", families)
        self._glyphs = self._table("glyph", families)
        self._panel = rgba_of(theme.ui["panel"])
        self._ink = rgba_of(theme.scene["label_text"], 0.88)
        self._rim = rgba_of(theme.ui["muted"], 0.85)
        self._dot = rgba_of(theme.ui["muted"], 0.8)
        self._halo = rgba_of(theme.scene["label_halo"], 0.75)
        self._accent = rgba_of(theme.ui["accent"])
        self._clear = np.zeros(4, np.float32)
        self._priority = {name: rgba_of(colour) for name, colour in theme.priority.items()}

    def dots(self, rows: np.ndarray) -> Quads:
        """A tiny muted dot each."""
        return self._same("dot", rows, self._dot, self._halo)

    def symbols(self, rows: np.ndarray, health: np.ndarray, given: SceneInput) -> Quads:
        """Whole symbols with all their marks, in the order of ``rows``."""
        empty = np.isin(health[rows], (_STALE, _NEVER))
        hatched = health[rows] == _SUSPECT
        parts = [self._rings(rows, given), self._icons(rows, empty, hatched, given)]
        parts.append(self._badges(rows, health, given))
        return joined(parts)

    def _icons(
        self, rows: np.ndarray, empty: np.ndarray, hatched: np.ndarray, given: SceneInput
    ) -> Quads:
        chosen = self._places.row_of.get(given.selection.thing_id, -1)
        is_chosen = rows == chosen
        shapes = np.where(empty[:, None], self._frames[rows], self._plates[rows])
        lower = np.where(empty[:, None], self._ink, self._panel)
        lower = np.where(is_chosen[:, None], self._accent, lower)
        rim = np.where((empty | is_chosen)[:, None], self._halo, self._rim)
        upper = np.where(is_chosen[:, None], self._panel, self._ink)
        upper = np.where(empty[:, None], self._clear, upper)
        glyphs = np.where(hatched[:, None], self._hatched[rows], self._glyphs[rows])
        return interleaved(self._quads(shapes, rows, lower, rim), self._quads(
            glyphs, rows, upper, self._clear))  # fmt: skip

    def _rings(self, rows: np.ndarray, given: SceneInput) -> Quads:
        ids = self._places.ids
        alarmed = np.array([row for row in rows.tolist() if ids[row] in given.alarms], np.intp)
        colours = [self._priority[given.alarms[ids[row]]] for row in alarmed]
        return self._same("ring", alarmed, np.array(colours).reshape(-1, 4), self._halo)

    def _badges(self, rows: np.ndarray, health: np.ndarray, given: SceneInput) -> Quads:
        ids = self._places.ids
        wanted: dict[tuple[str, str], list[int]] = {}
        for row in rows.tolist():
            if ids[row] in given.alarms:
                priority = given.alarms[ids[row]]
                wanted.setdefault((f"badge:{BADGE_OF_PRIORITY[priority]}", priority), []).append(
                    row
                )
            elif ids[row] in given.targets:
                wanted.setdefault(("half", "low"), []).append(row)
            elif health[row] == _SUSPECT:
                wanted.setdefault(("badge:triangle", "medium"), []).append(row)
            elif health[row] == _STALE:
                wanted.setdefault(("badge:square", "high"), []).append(row)
        parts = [
            self._same(sprite, np.array(rows_of, np.intp), self._priority[colour], self._halo)
            for (sprite, colour), rows_of in wanted.items()
        ]
        return joined(parts) if parts else no_quads()

    def _same(self, sprite: str, rows: np.ndarray, fill: Float32Array, halo: Float32Array) -> Quads:
        shapes = np.repeat(sprite_table([self._atlas.symbol(sprite)]), len(rows), axis=0)
        return self._quads(shapes, rows, fill, halo)

    def _quads(
        self, shapes: Float32Array, rows: np.ndarray, fill: Float32Array, halo: Float32Array
    ) -> Quads:
        zero = np.zeros((len(rows), 2), np.float32)
        return sprite_quads(
            shapes.astype(np.float32), self._places.tops_local_m[rows], zero, fill, halo
        )

    def _table(self, part: str, families: list[str]) -> Float32Array:
        known = {family: self._atlas.symbol(f"{part}:{family}") for family in set(families)}
        return sprite_table([known[family] for family in families])
