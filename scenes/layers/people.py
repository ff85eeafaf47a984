"""The other operators: what they point at, and quietly where they look."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, Quads, joined, no_quads, sprite_quads
from scenes.label_layout import Line, TextCache, place_labels
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.symbol_marks import rgba_of
from scenes.view import View
from twin.arrays import Float32Array, Float64Array
from twin.clock import NS_PER_S
from twin.people import Person
from twin.theme import department_colour, rgb_from_hex

RANK = 60
#: A pointer that rests so long fades to `FADED`; once taken away it is gone at once.
REST_S, FADED = 4.0, 0.4
GAP_PX = 14.0
#: Nobody is shown to look at what lies so near the middle of this picture: we look there too.
HERE_PX = 60.0


@dataclass(frozen=True, slots=True)
class PeopleState:
    """Settings of the other operators."""

    pointers: bool = field(default=True, metadata={"help": "What they point at"})
    looks: bool = field(
        default=True, metadata={"title": "Where they look", "help": "The middle of their view"}
    )
    most: int = field(default=12, metadata={"min": 0, "max": 100, "help": "Most at a time"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shown:
    """One sign: a pointer, or where somebody looks."""

    person: Person
    at_m: tuple[float, float, float]
    is_pointer: bool
    alpha: float = 1.0


class PeopleVisual:
    """Laid out anew when somebody moves, which is at most ten times a second."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._signs = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        theme = stage.theme
        ink, halo = (rgb_from_hex(theme.scene[n]) for n in ("label_text", "label_halo"))
        muted = rgb_from_hex(theme.ui["muted"])
        self._texts = TextCache(stage.atlas, ink, muted, halo)
        self._halo = rgba_of(theme.scene["label_halo"])
        self._panel = rgba_of(theme.ui["panel"])
        self._clear = np.zeros(4, np.float32)
        self._seen: tuple[object, ...] = ()
        #: Console id -> where somebody pointed, and since when.
        self._rested: dict[str, tuple[tuple[float, float, float], int]] = {}

    def update(self, given: SceneInput, view: View, state: PeopleState) -> bool:
        """Follow the others."""
        self._signs.fit(view)
        shown = self._shown(given, state)
        seen = (view.stamp, state, tuple((s.person, s.at_m, s.alpha) for s in shown))
        if seen == self._seen:
            return False
        self._seen = seen
        self._lay_out(shown, view, state)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._signs.set_visible(visible)
        self._seen = ()

    def dispose(self) -> None:
        """Take the actor out."""
        self._signs.dispose()

    def _shown(self, given: SceneInput, state: PeopleState) -> list[_Shown]:
        """Pointers first: they are meant to be seen."""
        pointers, looks = [], []
        for person in given.people:
            at = person.pointer_m
            if at is not None and state.pointers:
                alpha = self._alpha(person.console_id, at, given.now_ns)
                pointers.append(_Shown(person=person, at_m=at, is_pointer=True, alpha=alpha))
            elif person.look is not None and state.looks:
                focal = person.look.pose().focal_m
                looks.append(_Shown(person=person, at_m=focal, is_pointer=False))
            if at is None:
                self._rested.pop(person.console_id, None)
        return [*pointers, *looks]

    def _alpha(self, console_id: str, at: tuple[float, float, float], now_ns: int) -> float:
        was, since_ns = self._rested.get(console_id, (at, now_ns))
        if was != at:
            since_ns = now_ns
        self._rested[console_id] = (at, since_ns)
        return FADED if now_ns - since_ns > REST_S * NS_PER_S else 1.0

    def _lay_out(self, shown: list[_Shown], view: View, state: PeopleState) -> None:
        at: Float64Array = np.array([s.at_m for s in shown], float).reshape(-1, 3)
        pixels = view.project(at)
        middle = 0.5 * np.array(view.size_px)
        away = np.hypot(*(pixels[:, :2] - middle).T)
        inside = view.is_inside(pixels)
        reach = HERE_PX * view.pixel_ratio
        rows = [
            row
            for row, one in enumerate(shown)
            if inside[row] and (one.is_pointer or away[row] > reach)
        ][: state.most]
        parts = [self._sign(shown[row], at[row].astype(np.float32)) for row in rows]
        parts += self._names([shown[row] for row in rows], at[rows], view)
        self._signs.set_quads(joined(parts) if parts else no_quads())

    def _sign(self, one: _Shown, at: Float32Array) -> Quads:
        colour = rgba_of(department_colour(self._stage.theme, one.person.operator.department))
        fill, halo = colour.copy(), self._halo.copy()
        fill[3] *= one.alpha
        halo[3] *= one.alpha
        zero, atlas = np.zeros((1, 2), np.float32), self._stage.atlas
        if one.is_pointer:
            return sprite_quads([atlas.symbol("pointer")], at[None], zero, fill, halo)
        letter = (one.person.operator.name.strip() or "?")[0].upper()
        disc = sprite_quads([atlas.symbol("disc")], at[None], zero, fill, halo)
        sign = [atlas.symbol(f"letter:{letter}")]
        return joined([disc, sprite_quads(sign, at[None], zero, self._panel, self._clear)])

    def _names(self, shown: list[_Shown], at: Float64Array, view: View) -> list[Quads]:
        blocks = [self._texts.block(lines_of(one)) for one in shown]
        ratio = view.pixel_ratio
        offsets = [(GAP_PX * ratio, -GAP_PX * ratio if one.is_pointer else 0.0) for one in shown]
        kept = place_labels(
            view.project(at), blocks, offsets, view, len(shown),
            self._stage.symbols.pixels(view), n_important=len(shown),
        )  # fmt: skip
        return [blocks[row].quads_at(at[row], offsets[row]) for row, _ in kept]


def lines_of(one: _Shown) -> tuple[Line, ...]:
    """Name and department; of a pointer on two lines, of a look on one that steps back."""
    operator = one.person.operator
    department = operator.department.replace("_", " ")
    if one.is_pointer:
        return Line(operator.name, "strong"), *((Line(department, "small"),) if department else ())
    return (Line(operator.name, "small", is_muted=True),)


LAYER = LayerType(
    id="people", title="Other operators", state=PeopleState, visual=PeopleVisual, order=60
)
