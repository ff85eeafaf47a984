"""Spatial predicates of CQL2, on the middle of each feature."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.city.style import StyleError

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Pair = tuple[BoolArray, BoolArray]


def spatial(op: str, args: list[Any]) -> Callable[[Float64Array], Pair]:
    """From (N, 2) middles, NaN without any, to (surely so, surely not).

    ``s_intersects``, ``s_within``, ``s_disjoint`` take a bbox or a geometry in local metres,
    ``s_dwithin`` also a distance in metres.

    Raises
    ------
    StyleError
        The arguments hold no geometry.
    """
    import shapely

    shape = _shape(op, args)
    if op == "s_dwithin":
        if len(args) < 3 or not isinstance(args[2], int | float):
            raise StyleError("s_dwithin needs a distance in metres as its third argument")
        shape = shape.buffer(float(args[2]))
    elif shape.area == 0.0:
        shape = shape.buffer(0.01)  # a point or line "meets" a middle within a centimetre
    shapely.prepare(shape)

    def inside(middles: Float64Array) -> Pair:
        known = np.isfinite(middles).all(axis=1)
        met = known & shapely.intersects_xy(shape, middles[:, 0], middles[:, 1])
        return (known & ~met, met) if op == "s_disjoint" else (met, known & ~met)

    return inside


def _shape(op: str, args: list[Any]) -> BaseGeometry:
    import shapely

    for node in args:
        if not isinstance(node, dict):
            continue
        box = node.get("bbox")
        if box is not None:
            half = len(box) // 2
            return shapely.box(box[0], box[1], box[half], box[half + 1])
        if "coordinates" in node:
            try:
                return shapely.make_valid(shapely.from_geojson(json.dumps(node)))
            except shapely.errors.ShapelyError as error:
                raise StyleError(f"The geometry in {op} cannot be read: {error}") from error
    raise StyleError(f"{op} needs an area, such as {op}(geometry, bbox(0, 0, 100, 100))")
