"""Moving units: a quiet arrow of constant size, and from near a low-poly body.

Everyday vehicles are all of one neutral; who answers calls is told by shape and letter, and
colour is left to the unit that is selected or under a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, Quads, joined, sprite_quads, sprite_table
from scenes.detail import chosen
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.splat_picture import SplatPicture, points_size_px, rgba_bytes
from scenes.stage import Stage
from scenes.symbol_marks import rgba_of
from scenes.symbols import GRAB_PX, SymbolSet
from scenes.unit_bodies import UnitBodies
from scenes.view import View
from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.sense.model import Unit
from twin.theme import rgb_from_hex

RANK = 30
LIFT_M = 4.0
#: A unit silent for so long is drawn as a faint arrow.
SILENT_S = 10.0
SILENT_ALPHA = 0.3
#: A body is drawn, instead of an arrow, where this length takes so many logical pixels.
BODY_M, BODY_PX = 6.0, 20.0
#: Kinds that answer calls: a darker arrow from afar, from nearer a disc with this letter.
LETTERS: dict[str, str] = {"ambulance": "A", "fire_engine": "F", "police": "P"}
#: From this many metres a pixel on emergency units are small arrows like the others.
LETTER_M_PER_PX = 0.5
#: One letter for each cell of this size; the others there are arrows.
LETTER_CELL_PX = 38.0
#: How near a click must be to the middle of a small arrow, or of a body; logical pixels.
ARROW_GRAB_PX, BODY_GRAB_PX = 9.0, 12.0


#: From so many far arrows on, they are dots of this size.
CROWD, DOT_PX = 1500, 5.0
#: Rows of the table of shapes: lettered, marked, other; first without a heading, then with one.
_SHAPES = ("disc", "disc", "dot", "beak", "nose", "small nose")


@dataclass(frozen=True, slots=True, eq=False)
class Crew:
    """What never changes about all units: one row a slot."""

    units: Sequence[Unit]
    ids: np.ndarray
    kinds: tuple[str, ...]
    answers_calls: BoolArray
    slot_of: Mapping[str, int]

    def rows_of(self, slots: np.ndarray, ids: Iterable[str]) -> BoolArray:
        """(n,) which of the (n,) slots have one of these ids."""
        wanted = [self.slot_of[unit_id] for unit_id in ids if unit_id in self.slot_of]
        return np.isin(slots, wanted) if wanted else np.zeros(len(slots), bool)


def crew_of(units: Sequence[Unit]) -> Crew:
    """Gather the units of a catalogue."""
    ids = np.empty(len(units), object)
    ids[:] = [unit.id for unit in units]
    kinds = tuple(unit.kind for unit in units)
    return Crew(
        units=units,
        ids=ids,
        kinds=kinds,
        answers_calls=np.array([kind in LETTERS for kind in kinds], bool),
        slot_of={unit_id: slot for slot, unit_id in enumerate(ids.tolist())},
    )


@dataclass(frozen=True, slots=True)
class UnitsState:
    """Settings of the moving units."""

    body_reach_m: float = field(
        default=700.0,
        metadata={"unit": "m", "min": 0.0, "max": 3000.0, "help": "Bodies are drawn up to here"},
    )


class UnitsVisual:
    """All arrows in one draw, all bodies in another."""

    def build(self, stage: Stage) -> None:
        """Make both actors, empty."""
        self._stage = stage
        self._arrows = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._dots = SplatPicture(stage.foreground)
        self._bodies = UnitBodies(stage.foreground)
        theme = stage.theme
        self._halo = rgba_of(theme.scene["label_halo"], 0.85)
        self._accent = rgba_of(theme.ui["accent"])
        self._panel = rgba_of(theme.ui["panel"])
        self._everyday = rgba_of(theme.scene["unit"])
        self._emergency = rgba_of(theme.scene["unit_emergency"])
        self._body, self._bright = (
            np.array(rgb_from_hex(theme.scene[name]), np.float32)
            for name in ("unit", "unit_emergency_body")
        )
        self._shapes = sprite_table([stage.atlas.symbol(name) for name in _SHAPES])
        self._crew: Crew | None = None
        self._seen: tuple[object, ...] = ()

    def update(self, given: SceneInput, view: View, state: UnitsState) -> bool:
        """Follow positions and view."""
        self._arrows.fit(view)
        now = given.units_now
        xyz = np.zeros((0, 3), np.float32) if now is None else now.xyz_local_m
        heading = np.zeros(0, np.float32) if now is None else now.heading_rad
        marked = (given.selection.unit_id, given.targets)
        age_s = np.zeros(0, np.float32) if now is None else now.age_s
        silent = age_s > SILENT_S
        seen = (view.stamp, xyz.tobytes(), heading.tobytes(), silent.tobytes(), marked, state)
        if seen == self._seen:
            return False
        self._seen = seen
        known = np.flatnonzero(np.isfinite(xyz).all(axis=1))[: len(given.units)]
        known = known[known < len(given.units)]
        self._lay_out(given, view, state, known, xyz[known], heading[known], silent[known])
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide arrows and bodies."""
        self._arrows.set_visible(visible)
        self._dots.set_visible(visible)
        self._bodies.set_visible(visible)
        self._seen = ()
        if not visible:
            self._forget_symbols()

    def dispose(self) -> None:
        """Take both actors out."""
        self._forget_symbols()
        self._arrows.dispose()
        self._dots.dispose()
        self._bodies.dispose()

    def _lay_out(
        self,
        given: SceneInput,
        view: View,
        state: UnitsState,
        slots: np.ndarray,
        xyz: Float32Array,
        heading: Float32Array,
        silent: BoolArray,
    ) -> None:
        crew = self._crew_of(given)
        marked = crew.rows_of(slots, {given.selection.unit_id, *given.targets})
        emergency = crew.answers_calls[slots]
        tops = xyz + np.array([0, 0, LIFT_M], np.float32)
        pixels = view.project(tops)
        facing = np.nan_to_num(heading)
        px_m = view.metres_per_px(view.pixel_ratio) * pixels[:, 2]
        near = view.is_inside(pixels, 60.0 * view.pixel_ratio) & (px_m < BODY_M / BODY_PX)
        near &= (pixels[:, 2] < state.body_reach_m) & ~silent
        near[near] = self._is_open(view, xyz[near], facing[near])
        self._draw_bodies(crew, slots, xyz, facing, near, marked)
        needs_arrow = ~near | marked | emergency
        inside = view.is_inside(pixels, 20)
        arrowed = inside & needs_arrow
        far = arrowed & ~marked & (px_m >= LETTER_M_PER_PX)
        arrowed &= ~self._draw_crowd(view, pixels, far, emergency, silent)
        rows = np.flatnonzero(arrowed)
        # Far ones first; above the everyday ones those that answer calls, above all the marked.
        rows = rows[np.lexsort((-pixels[rows, 2], emergency[rows], marked[rows]))]
        roomy = inside & (px_m < LETTER_M_PER_PX) & emergency
        roomy = chosen(pixels, roomy, marked.astype(float), LETTER_CELL_PX * view.pixel_ratio)
        has_letter = roomy | (emergency & marked)
        arrows = self._arrow_quads(
            view, tops, heading, rows, (has_letter, marked, emergency, silent)
        )
        lettered = rows[has_letter[rows]].tolist()
        letters = self._signs(
            [f"letter:{LETTERS[crew.kinds[slots[row]]]}" for row in lettered], tops[lettered]
        )
        ringed = rows[crew.rows_of(slots, {given.selection.unit_id})[rows]]
        halves = rows[crew.rows_of(slots, given.targets)[rows]]
        self._arrows.set_quads(
            joined(
                [
                    self._signs(["ring"] * len(ringed), tops[ringed], self._accent, self._halo),
                    arrows,
                    letters,
                    self._signs(["half"] * len(halves), tops[halves], self._accent, self._halo),
                ]
            )
        )
        ids = crew.ids[slots]
        is_large = (has_letter | marked)[rows]
        self._put_symbols("units", rows[is_large], tops, ids, GRAB_PX)
        dots = np.flatnonzero(inside & needs_arrow & ~arrowed)
        small = np.concatenate([dots, rows[~is_large]])
        self._put_symbols("small units", small, tops, ids, ARROW_GRAB_PX)
        self._put_symbols("unit bodies", np.flatnonzero(~needs_arrow), tops, ids, BODY_GRAB_PX)

    def _draw_crowd(
        self,
        view: View,
        pixels: Float64Array,
        far: BoolArray,
        emergency: BoolArray,
        silent: BoolArray,
    ) -> BoolArray:
        """Where there are too many far arrows they become dots; which of them did."""
        if np.count_nonzero(far) < CROWD:
            far = np.zeros(len(far), bool)
        rows = np.flatnonzero(far)
        rows = rows[self._dots.place(pixels[rows], view.size_px)]
        colours = np.where(
            emergency[rows, None], rgba_bytes(self._emergency), rgba_bytes(self._everyday)
        )
        colours[silent[rows], 3] = round(255 * SILENT_ALPHA)
        size = points_size_px(len(rows), view.size_px, DOT_PX * view.pixel_ratio, 2.0)
        rim = (rgba_bytes(self._halo), size + 2.0 * view.pixel_ratio)
        self._dots.paint(colours, size, rim)
        return far

    def _crew_of(self, given: SceneInput) -> Crew:
        """What never changes about the units, gathered once a catalogue."""
        if self._crew is None or self._crew.units is not given.units:
            self._crew = crew_of(given.units)
        return self._crew

    def _draw_bodies(
        self,
        crew: Crew,
        slots: np.ndarray,
        xyz: Float32Array,
        facing: Float32Array,
        near: BoolArray,
        marked: BoolArray,
    ) -> None:
        rows = np.flatnonzero(near)
        paint = np.where(crew.answers_calls[slots[rows], None], self._bright, self._body)
        paint = np.where(marked[rows, None], self._accent[:3], paint).astype(np.float32)
        kinds = [crew.kinds[slot] for slot in slots[rows].tolist()]
        self._bodies.set_bodies(kinds, xyz[rows], facing[rows], paint)

    def _arrow_quads(
        self,
        view: View,
        tops: Float32Array,
        heading: Float32Array,
        rows: np.ndarray,
        flags: tuple[BoolArray, BoolArray, BoolArray, BoolArray],
    ) -> Quads:
        """Arrows of ``rows``; flags of all units: letter, marked, answers calls, silent."""
        has_letter, marked, emergency, silent = (flag[rows] for flag in flags)
        turns = np.isfinite(heading[rows])
        shape = np.select([has_letter, marked], [0, 1], 2) + 3 * turns
        fill = np.where(emergency[:, None], self._emergency, self._everyday)
        fill = np.where(marked[:, None], self._accent, fill).astype(np.float32)
        halo = np.repeat(self._halo[None], len(rows), axis=0)
        fill[silent, 3] *= SILENT_ALPHA
        halo[silent, 3] *= SILENT_ALPHA
        turn = screen_heading(view, tops[rows], np.nan_to_num(heading[rows]))
        zero = np.zeros((len(rows), 2), np.float32)
        return sprite_quads(self._shapes[shape], tops[rows], zero, fill, halo, turn)

    def _put_symbols(
        self, layer_id: str, rows: np.ndarray, tops: Float32Array, ids: np.ndarray, grab_px: float
    ) -> None:
        symbols = SymbolSet(
            kind="unit",
            xyz_local_m=tops[rows],
            ids=ids[rows].tolist(),
            grab_px=grab_px,
        )
        self._stage.symbols.put(layer_id, symbols)

    def _forget_symbols(self) -> None:
        for layer_id in ("units", "small units", "unit bodies"):
            self._stage.symbols.remove(layer_id)

    def _is_open(self, view: View, xyz: Float32Array, heading: Float32Array) -> BoolArray:
        """Whether both ends of a body are seen; half hidden ones stay arrows.

        Bodies are drawn over the city's kept picture, which has no depth to hide them.
        """
        along = np.column_stack([np.sin(heading), np.cos(heading), np.zeros(len(xyz))])
        ends = [xyz + sign * 0.4 * BODY_M * along + np.array([0, 0, 1.4]) for sign in (-1, 1)]
        both_ends = np.concatenate(ends).astype(np.float32)
        seen = self._stage.sees(view.eyes_of(both_ends), both_ends)
        both: BoolArray = seen[: len(xyz)] & seen[len(xyz) :]
        return both

    def _signs(
        self,
        names: list[str],
        at: Float32Array,
        fill: Float32Array | None = None,
        halo: Float32Array | None = None,
    ) -> Quads:
        """Upright sprites; letters are in the colour of the panel, without a halo."""
        return sprite_quads(
            [self._stage.atlas.symbol(name) for name in names],
            at,
            np.zeros((len(names), 2), np.float32),
            self._panel if fill is None else fill,
            np.zeros(4, np.float32) if halo is None else halo,
        )


def screen_heading(view: View, xyz: Float32Array, heading_rad: Float32Array) -> Float32Array:
    """(N,) clockwise turn on the screen of a heading (clockwise from north) on the ground."""
    step = np.column_stack([np.sin(heading_rad), np.cos(heading_rad), np.zeros(len(xyz))])
    here, ahead = view.project(xyz), view.project(xyz + 2.0 * step)
    dx, dy = ahead[:, 0] - here[:, 0], here[:, 1] - ahead[:, 1]
    return np.arctan2(dx, dy).astype(np.float32)


LAYER = LayerType(id="units", title="Moving units", state=UnitsState, visual=UnitsVisual, order=50)
