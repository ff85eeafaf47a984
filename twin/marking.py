"""Marks from a console: drafts, putting and removing, marks as areas and as GeoJSON."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from twin.city.areas import Area, circle_area
from twin.city.frames import Origin, geographic_from_local
from twin.errors import CrsError, TwinError
from twin.ids import uuid7
from twin.room.parts.marks import Mark, MarkKind, Point

if TYPE_CHECKING:
    from twin.session import TwinSession

KIND_WORDS: dict[MarkKind, str] = {
    "note": "Note",
    "arrow": "Arrow",
    "sketch": "Sketch",
    "area": "Area",
    "circle": "Cordon",
}
PURPOSES = ("", "cordon", "danger", "staging", "search", "evacuation", "closed")
MOST_POINTS = 256
#: Areas of the session that come from marks have ids that begin like this.
AREA_PREFIX = "mark:"
#: Areas are drawn on the city whatever its theme.
_AREA_COLOURS = {"danger": "#B8452F", "cordon": "#2F6FDE", "evacuation": "#8A5A00"}
_PLAIN_COLOUR = "#5B6B7A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mark that is being made or changed and that nobody else sees yet.

    Attributes
    ----------
    rev : revision that is changed, 0 = it is a new one
    problem : why the hub refused it last, "" = it did not
    """

    id: str
    kind: MarkKind
    points: tuple[Point, ...]
    rev: int = 0
    title: str = ""
    text: str = ""
    purpose: str = ""
    radius_m: float = 0.0
    incident: str = ""
    expires_ns: int = 0
    problem: str = ""

    @classmethod
    def of(cls, mark: Mark) -> Draft:
        """The draft that begins to change a mark."""
        names = ("id", "kind", "points", "rev", "title", "text", "purpose", "radius_m")
        values = {name: getattr(mark, name) for name in names}
        return cls(**values, incident=mark.incident, expires_ns=mark.expires_ns)

    def body(self) -> dict[str, Any]:
        """Body of the act that puts it; points to the centimetre."""
        return {
            "id": self.id,
            "kind": self.kind,
            "points": [[round(c, 2) for c in point] for point in self.points],
            "expected_rev": self.rev,
            "title": self.title.strip(),
            "text": self.text.strip(),
            "purpose": self.purpose,
            "radius_m": round(self.radius_m, 2),
            "incident": self.incident,
            "expires_ns": self.expires_ns,
        }


def new_draft(session: TwinSession, kind: MarkKind, points: Sequence[Point], **more: Any) -> Draft:
    """A draft of a new mark with an id of its own."""
    return Draft(id=uuid7(session.clock), kind=kind, points=tuple(points), **more)


def again(session: TwinSession, draft: Draft, now: Mark | None, problem: str) -> Draft:
    """A draft that the hub refused, on top of what the mark is by now; a gone one is made anew."""
    if now is not None:
        return replace(draft, rev=now.rev, problem=problem)
    return replace(draft, id=uuid7(session.clock), rev=0, problem=problem)


def put_mark(session: TwinSession, draft: Draft) -> str:
    """Share a draft with everybody; id of the request, under which the hub refuses if it does."""
    return session.hub.act("mark.put", draft.body())


def remove_mark(session: TwinSession, mark: Mark) -> str:
    """Take a mark away, as it was seen here; id of the request."""
    return session.hub.act("mark.remove", {"id": mark.id, "expected_rev": mark.rev})


def simplified(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[Point, ...]:
    """A line with at most ``most`` points that runs as near the given one as it can."""
    line = np.array(points, float).reshape(-1, 3)
    tolerance_m = 0.05
    while True:
        kept = _douglas_peucker(line, tolerance_m)
        if len(kept) <= most:
            return tuple((float(x), float(y), float(z)) for x, y, z in kept)
        tolerance_m *= 1.6


def areas_of_marks(marks: Iterable[Mark]) -> tuple[Area, ...]:
    """Shared areas and cordons as areas of the session; one that crosses itself is left as it is.

    What cannot be an area (a circle without a radius) is left out.
    """
    areas = []
    for mark in marks:
        name = mark.title or mark.purpose.capitalize() or KIND_WORDS[mark.kind]
        colour = _AREA_COLOURS.get(mark.purpose, _PLAIN_COLOUR)
        if mark.kind == "area":
            ring = tuple((x, y) for x, y, _ in mark.points)
            area_id = AREA_PREFIX + mark.id
            areas.append(Area(id=area_id, name=name, rings=((*ring, ring[0]),), colour=colour))
        elif mark.kind == "circle":
            try:
                middle = (mark.points[0][0], mark.points[0][1])
                area_id = AREA_PREFIX + mark.id
                areas.append(circle_area(area_id, name, middle, mark.radius_m, colour))
            except TwinError:
                continue
    return tuple(areas)


def middle_of_mark(mark: Mark | Draft) -> tuple[Point, float]:
    """Where to look at a mark and from how far, metres."""
    points = np.array(mark.points, float)
    low, high = points.min(axis=0), points.max(axis=0)
    size = float(np.linalg.norm(high - low)) + 2 * mark.radius_m
    x, y, z = (0.5 * (low + high)).tolist()
    return (x, y, z), max(2.2 * size, 160.0)


def marks_geojson(marks: Iterable[Mark], origin: Origin) -> bytes:
    """GeoJSON (RFC 7946) of marks: points, lines and polygons with their words and times.

    Raises
    ------
    CrsError
        The city is not georeferenced.
    """
    if not origin.has_crs:
        raise CrsError(
            "GeoJSON needs longitude and latitude, but this city names no coordinate reference"
            " system; open it with --crs"
        )
    members = [
        {
            "type": "Feature",
            "id": mark.id,
            "geometry": _geometry(mark, origin),
            "properties": _properties(mark),
        }
        for mark in marks
    ]
    return msgspec.json.encode({"type": "FeatureCollection", "features": members})


def _geometry(mark: Mark, origin: Origin) -> dict[str, Any]:
    lon_lat = geographic_from_local(np.array(mark.points, float)[:, :2], origin)
    heights = [point[2] for point in mark.points]
    places = [[round(lon, 7), round(lat, 7), round(z, 2)]
              for (lon, lat), z in zip(lon_lat.tolist(), heights, strict=True)]  # fmt: skip
    if mark.kind in ("note", "circle"):
        return {"type": "Point", "coordinates": places[0]}
    if mark.kind == "area":
        ring = [*places, places[0]]
        return {"type": "Polygon", "coordinates": [ring if _is_left(ring) else ring[::-1]]}
    return {"type": "LineString", "coordinates": places}


def _is_left(ring: Sequence[Sequence[float]]) -> bool:
    """Whether a ring runs against the clock, as RFC 7946 wants the outer one."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
    return area > 0


def _properties(mark: Mark) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": mark.kind,
        "name": mark.title,
        "text": mark.text,
        "purpose": mark.purpose,
        "incident": mark.incident,
        "owner": mark.owner.name,
        "department": mark.owner.department,
        "made_ns": mark.made_ns,
        "changed_ns": mark.changed_ns,
    }
    if mark.kind == "circle":
        told["radius_m"] = mark.radius_m
    return {name: value for name, value in told.items() if value != ""}


def _douglas_peucker(line: np.ndarray, tolerance_m: float) -> np.ndarray:
    keep = np.zeros(len(line), bool)
    keep[[0, -1]] = True
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        away = _distances(line[first + 1 : last], line[first], line[last])
        worst = int(away.argmax())
        if away[worst] > tolerance_m:
            middle = first + 1 + worst
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    kept: np.ndarray = line[keep]
    return kept


def _distances(points: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - begin
    size = float(along @ along)
    share = np.zeros(len(points)) if not size else np.clip((points - begin) @ along / size, 0, 1)
    feet: np.ndarray = begin + share[:, None] * along
    away: np.ndarray = np.linalg.norm(points - feet, axis=1)
    return away
