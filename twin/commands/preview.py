"""What a command would change, told before it is released. Plain records, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

Point = tuple[float, float, float]
_PLAIN_UNITS = ("", "1", "0/1", "bool")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewTarget:
    """The thing or unit that a command is for; ``xyz`` in local metres, None = not known."""

    id: str
    name: str
    kind: str
    xyz: Point | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewArea:
    """A circle or polygon on the ground that would be touched.

    Attributes
    ----------
    ring : vertices in local metres, not closed; empty for a circle
    """

    label: str
    ring: tuple[Point, ...] = ()
    centre: Point = (0.0, 0.0, 0.0)
    radius_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way over open streets.

    Attributes
    ----------
    corners : local metres, from where it begins to where it ends
    seconds : at the streets' own speeds, without traffic and signals
    """

    corners: tuple[Point, ...]
    length_m: float
    seconds: float


@dataclass(frozen=True, slots=True)
class People:
    """Who is in an area: buildings that stand in it, and an estimate of the people in them."""

    n_buildings: int
    n_people: int


class CityView(Protocol):
    """What a preview may ask of the city. Answers are of this moment."""

    def last_value(self, datastream_id: str) -> float | None:
        """Last good observation, None if there is none."""

    def position(self, thing_id: str) -> Point | None:
        """Where a thing or unit is, local metres."""

    def path(self, thing_id: str) -> tuple[Point, ...]:
        """Vertices of a line-shaped thing (a road segment), local metres; may be empty."""

    def things_near(
        self, centre: Point, radius_m: float, kinds: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Ids of things and units within a radius on the ground, of these kinds or of any;
        nearest first.
        """

    def name_of(self, thing_id: str) -> str:
        """Its name for people, or the id."""

    def route(self, start: Point, goal: Point) -> Route | None:
        """The quickest way over streets that are open; None where none is known."""

    def people_in(self, area: PreviewArea) -> People:
        """Who is in an area."""

    def highest_roof_m(self, start: Point, end: Point, width_m: float) -> float | None:
        """Height of the highest roof within some metres of a straight line; None = none there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a datastream is expected to show once the command works.

    Attributes
    ----------
    before, after : in ``unit``; ``before`` None = not known
    after_s : when, from acceptance on
    """

    datastream_id: str
    text: str
    unit: str
    after: float
    after_s: float
    before: float | None = None

    @property
    def change(self) -> str:
        """Before and after for a person: "2.31 → 1.10 m", "≈ 30 veh/h" without a before."""
        after = f"{_figure(self.after)} {self.unit if self.unit not in _PLAIN_UNITS else ''}"
        if self.before is None:
            return f"≈ {after.rstrip()}"
        return f"{_figure(self.before)} → {after.rstrip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would change, for the twin to draw and the confirm step to say.

    Attributes
    ----------
    things : ids of what is touched, the target first
    lines : polylines to draw (a route, a closed street), local metres
    basis : the model behind the prediction, in a few words
    notes : sentences for the operator (side effects, what is not known)
    """

    things: tuple[str, ...]
    areas: tuple[PreviewArea, ...] = ()
    lines: tuple[tuple[Point, ...], ...] = ()
    predictions: tuple[Prediction, ...] = ()
    basis: str = ""
    notes: tuple[str, ...] = ()


def _figure(value: float) -> str:
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if size >= 10 else f"{value:,.2f}"
