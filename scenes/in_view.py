"""What the picture shows, in words and in reading order: for people who do not see it well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from scenes.scene_input import SceneInput
from scenes.view import View
from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.city.asset import Features, Place

#: As many rays as are affordable in one go; the candidates nearest to the middle come first.
MOST_ITEMS = 60
#: Bands of the picture from the top that are read one after the other, each from the left.
BANDS = 4
#: Buildings lower than this share of the picture are not worth a line.
_LEAST_HEIGHT = 0.03
_MOST_BUILDINGS = 20
#: Anchors of things are looked at a little above the ground they stand on.
_LIFT_M = 2.0
_DIRECTIONS = ("north", "north-east", "east", "south-east", "south", "south-west", "west",
               "north-west")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InViewItem:
    """One thing the picture shows.

    Attributes
    ----------
    group : "unit", "thing", "place" or "building"
    id : of the unit, thing or place; "" for buildings
    feature : row of the feature table, -1 for others
    where : part of the picture: "top left", "middle", "bottom right" …
    direction : from the eye, as a compass point
    """

    group: str
    name: str
    kind: str
    xyz_local_m: tuple[float, float, float]
    distance_m: float
    where: str
    direction: str
    id: str = ""
    feature: int = -1


@dataclass(frozen=True, slots=True)
class _Candidate:
    group: str
    name: str
    kind: str
    xyz_m: tuple[float, float, float]
    id: str = ""
    feature: int = -1


def items_in_view(
    view: View,
    given: SceneInput,
    *,
    features: Features,
    places: Iterable[Place],
    name_of: Callable[[int], str],
    sees: Callable[[Float64Array, Float32Array], BoolArray],
    most: int = MOST_ITEMS,
) -> list[InViewItem]:
    """What can be seen just now, top band first, each band from the left. GUI thread.

    Parameters
    ----------
    name_of : name or address of a feature row
    sees : which of (N, 3) points nothing of the city stands before, seen from an eye (3,)
    """
    candidates = [
        *_units(given),
        *_things(given),
        *(_Candidate("place", p.name, p.kind, _lifted(p.xyz_local_m), id=p.id) for p in places),
        *_buildings(view, features, name_of),
    ]
    if not candidates:
        return []
    points = np.array([candidate.xyz_m for candidate in candidates], np.float32)
    pixels = view.project(points)
    inside = np.flatnonzero(view.is_inside(pixels))
    middle = np.array(view.size_px) / 2
    nearest = np.argsort(np.abs(pixels[inside, :2] - middle).max(axis=1), kind="stable")
    inside = inside[nearest[: 2 * most]]
    seen = inside[sees(view.eyes_of(points[inside]), points[inside])][:most]
    width, height = view.size_px
    band = (pixels[seen, 1] / height * BANDS).astype(int)
    order = np.lexsort((pixels[seen, 0], band))
    return [
        _item(candidates[row], view, pixels[row, 0] / width, pixels[row, 1] / height)
        for row in seen[order]
    ]


def _units(given: SceneInput) -> list[_Candidate]:
    if given.units_now is None:
        return []
    where = given.units_now.xyz_local_m.tolist()
    return [
        _Candidate("unit", unit.name or unit.id, unit.kind, _lifted(xyz), id=unit.id)
        for unit, xyz in zip(given.units, where, strict=False)
        if xyz[0] == xyz[0]
    ]


def _things(given: SceneInput) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    for stream, xyz in zip(given.datastreams, given.xyz_local_m.tolist(), strict=False):
        thing = given.things.get(stream.thing_id)
        if thing is not None and thing.id not in found and xyz[0] == xyz[0]:
            found[thing.id] = _Candidate(
                "thing", thing.name or thing.id, thing.kind, _lifted(xyz), id=thing.id
            )
    return list(found.values())


def _buildings(view: View, features: Features, name_of: Callable[[int], str]) -> list[_Candidate]:
    """The buildings that stand out most: by their height on the screen."""
    kinds = np.array([name.startswith("Building") for name in (*features.kind_names, "")], bool)
    bounds = np.asarray(features.bounds_min_max_local_m)
    rows = np.flatnonzero(kinds[features.kind_codes] & np.isfinite(bounds[:, 0]))
    if not len(rows):
        return []
    tops = 0.5 * (bounds[rows, :3] + bounds[rows, 3:])
    tops[:, 2] = bounds[rows, 5] + 0.5
    pixels = view.project(tops)
    depth = np.maximum(pixels[:, 2], 1.0)
    per_m = view.size_px[1] / (2 * np.tan(view.view_angle_rad / 2) * depth)
    share = (bounds[rows, 5] - bounds[rows, 2]) * per_m / view.size_px[1]
    share[~view.is_inside(pixels)] = 0.0
    best = np.argsort(-share, kind="stable")[:_MOST_BUILDINGS]
    chosen = best[share[best] >= _LEAST_HEIGHT]
    return [
        _Candidate(
            "building",
            name_of(int(rows[i])),
            features.kind(int(rows[i])),
            (float(tops[i, 0]), float(tops[i, 1]), float(tops[i, 2])),
            feature=int(rows[i]),
        )
        for i in chosen
    ]


def _item(candidate: _Candidate, view: View, x: float, y: float) -> InViewItem:
    away = np.array(candidate.xyz_m) - view.eye_m
    bearing = float(np.degrees(np.arctan2(away[0], away[1]))) % 360
    return InViewItem(
        group=candidate.group,
        id=candidate.id,
        feature=candidate.feature,
        name=candidate.name,
        kind=candidate.kind,
        xyz_local_m=candidate.xyz_m,
        distance_m=float(np.linalg.norm(away)),
        where=_where(x, y),
        direction=_DIRECTIONS[round(bearing / 45) % 8],
    )


def _where(x: float, y: float) -> str:
    """Ninth of the picture a point lies in, in words."""
    row = ("top", "", "bottom")[min(int(y * 3), 2)]
    column = ("left", "", "right")[min(int(x * 3), 2)]
    return f"{row} {column}".strip() or "middle"


def _lifted(xyz: Iterable[float]) -> tuple[float, float, float]:
    x, y, z = xyz
    return x, y, z + _LIFT_M
