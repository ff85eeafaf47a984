"""From a tileset's frame (ECEF, a CRS, an imported city, or nothing known) to the local frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from twin.arrays import Float64Array
from twin.city.frames import MAX_LOCAL_M, Origin, crs_from_text, utm_crs_at
from twin.city.placing import short_crs_name
from twin.city.tally import Tally
from twin.errors import CrsError
from twin.tiles.bounding import Volume, is_near_surface

if TYPE_CHECKING:
    import pyproj

#: (N, 3) float64 metres in the tileset's frame -> (N, 3) float64 local metres.
Local: TypeAlias = Callable[[Float64Array], Float64Array]

_ECEF = "EPSG:4978"
_WORLD, _WORLD_3D = "EPSG:4326", "EPSG:4979"
_STEP_M = 100.0


@dataclass(frozen=True, slots=True)
class TilesetFrame:
    """How points of a tileset come to the scene. Immutable; any thread.

    Attributes
    ----------
    origin : the scene's, or the proposed one
    source_crs : "EPSG:4978" for ECEF, the CRS that was given, None when not georeferenced
    is_own : the tileset is an imported city: its root transform (to ECEF) is not needed
    convert : from the tileset's frame to local
    from_ecef : from ECEF to local, for regions; None when the scene is not georeferenced
    is_shift : ``convert`` only moves, never turns or scales
    """

    origin: Origin
    source_crs: str | None
    is_own: bool
    convert: Local
    from_ecef: Local | None
    is_shift: bool

    def boxes(
        self, centres: Float64Array, half_axes: Float64Array, in_ecef: Any
    ) -> tuple[Float64Array, Float64Array]:
        """Bring boxes to the local frame by the Jacobian at each centre.

        Parameters
        ----------
        centres : (N, 3) float64, half_axes : (N, 3, 3) float64
        in_ecef : (N,) bool, boxes of regions
        """
        out_centres, out_axes = centres.copy(), half_axes.copy()
        for rows, convert in (
            (np.flatnonzero(~in_ecef), self.convert),
            (np.flatnonzero(in_ecef), self.from_ecef or self.convert),
        ):
            if not len(rows):
                continue
            if convert is self.convert and self.is_shift:
                out_centres[rows] = convert(centres[rows])
                continue
            out_centres[rows], jacobians = _linear(convert, centres[rows])
            out_axes[rows] = np.einsum("nij,nkj->nki", jacobians, half_axes[rows])
        return out_centres, out_axes


def _linear(convert: Local, centres: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Converted centres (N, 3) and Jacobians (N, 3, 3), by central differences."""
    steps = np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)]) * _STEP_M
    found = convert((centres[:, None, :] + steps).reshape(-1, 3)).reshape(-1, 7, 3)
    jacobians = np.swapaxes((found[:, 1:4] - found[:, 4:7]) / (2 * _STEP_M), 1, 2)
    lost = ~np.isfinite(found).all(axis=(1, 2))
    found[lost] = 0.0
    jacobians[lost] = np.eye(3)
    return found[:, 0], jacobians


def frame_of(
    volume: Volume,
    *,
    crs: str,
    origin: Origin | None,
    imported: Mapping[str, Any] | None,
    tally: Tally,
) -> TilesetFrame:
    """Find out how a tileset lies on the Earth.

    Parameters
    ----------
    volume : of the root, in the tileset's frame (the root transform applied)
    crs : what the person said, "" for nothing
    origin : the scene's; None = propose one
    imported : what `civitwin import` wrote into the tileset's extras

    Raises
    ------
    CrsError
        ``crs`` is unknown.
    """
    if imported is not None:
        return _own_frame(imported, origin)
    is_ecef = volume.region is not None or is_near_surface(volume.centre_m)
    if volume.region is None and not is_ecef:
        reach_m = float(np.abs(volume.half_axes_m).sum(axis=0).max())
        is_ecef = reach_m > 5e6 and float(np.linalg.norm(volume.centre_m)) < reach_m
    if crs.strip() and volume.region is None:
        return _crs_frame(volume.centre_m, short_crs_name(crs), origin)
    if is_ecef:
        if origin is not None and origin.crs and crs_from_text(origin.crs).is_compound:
            tally.add(
                "ellipsoidal-heights",
                "The tileset gives heights above the ellipsoid and the scene heights above the "
                "sea; they may differ by tens of metres: correct it by the source's height",
            )
        return _crs_frame(volume.centre_m, _ECEF, origin)
    return _unplaced_frame(volume.centre_m, origin, tally)


def _own_frame(imported: Mapping[str, Any], origin: Origin | None) -> TilesetFrame:
    numbers = [float(imported[name]) for name in ("east_m", "north_m", "height_m")]
    crs = imported.get("crs") or None
    own = Origin(crs=crs, east_m=numbers[0], north_m=numbers[1], height_m=numbers[2])
    origin = origin or own
    from_ecef = _converter(_ECEF, origin, np.zeros(3)) if origin.crs else None
    if origin.crs == own.crs or not own.crs or not origin.crs:
        shift = own.as_array() - origin.as_array()
        if origin.crs != own.crs:
            shift = np.zeros(3)
        return TilesetFrame(origin, own.crs, True, lambda xyz: xyz + shift, from_ecef, True)
    convert = _converter(own.crs, origin, own.as_array())
    return TilesetFrame(origin, own.crs, True, convert, from_ecef, False)


def _crs_frame(centre: Float64Array, crs: str, origin: Origin | None) -> TilesetFrame:
    if origin is None or origin.crs is None:
        origin = _proposed(centre, crs)
    convert = _converter(crs, origin, np.zeros(3))
    from_ecef = convert if crs == _ECEF else _converter(_ECEF, origin, np.zeros(3))
    return TilesetFrame(origin, crs, False, convert, from_ecef, False)


def _unplaced_frame(centre: Float64Array, origin: Origin | None, tally: Tally) -> TilesetFrame:
    advice = "name its CRS (EPSG:3857 is common, EPSG:4978 is the Earth's own frame)"
    if origin is not None and np.abs(centre - origin.as_array()).max() < MAX_LOCAL_M:
        shift = origin.as_array()
        tally.add("no-crs", f"The tileset names no CRS; its numbers fit the scene's: else {advice}")
    elif np.abs(centre).max() < MAX_LOCAL_M:
        shift = np.zeros(3)
        tally.add("no-crs", f"The tileset is not georeferenced and placed as it is: {advice}")
    else:
        shift = np.round(centre) + 0.0
        tally.add(
            "no-crs",
            f"The tileset is not georeferenced and placed at the middle of the scene: {advice}",
        )
    if origin is None:
        east, north, height = shift.tolist()
        origin = Origin(crs=None, east_m=east, north_m=north, height_m=height)
    return TilesetFrame(origin, None, False, lambda xyz: xyz - shift, None, True)


def _proposed(centre: Float64Array, crs: str) -> Origin:
    """Origin in the CRS itself when it is in true metres, else in the UTM zone at the centre."""
    known = crs_from_text(crs)
    flat = known.sub_crs_list[0] if known.is_compound else known
    if flat.is_projected and flat.axis_info[0].unit_conversion_factor == 1.0 and not _is_web(flat):
        east, north, height = (np.round(centre) + 0.0).tolist()
        return Origin(crs=crs, east_m=east, north_m=north, height_m=height)
    if crs == _ECEF:
        lon, lat, height = _transformer(_ECEF, _WORLD_3D).transform(*centre.tolist())
    else:
        lon, lat = _transformer(crs, _WORLD).transform(*centre[:2].tolist())
        height = float(centre[2])
    if not (np.isfinite(lon) and np.isfinite(lat) and np.isfinite(height)):
        raise CrsError(f"The tileset does not lie in the area of {crs}")
    if abs(height) > MAX_LOCAL_M:
        raise CrsError("The tileset covers the Earth; add it to a scene that says where to look")
    zone = utm_crs_at(lon, lat)
    east, north = _transformer(_WORLD, zone).transform(lon, lat)
    return Origin(
        crs=zone,
        east_m=float(np.round(east)) + 0.0,
        north_m=float(np.round(north)) + 0.0,
        height_m=float(np.round(height)) + 0.0,
    )


def _is_web(crs: pyproj.CRS) -> bool:
    """Whether it is web Mercator, whose metres are not metres on the ground."""
    operation = crs.coordinate_operation
    return operation is not None and "Pseudo" in operation.method_name


def _converter(crs: str, origin: Origin, offset: Float64Array) -> Local:
    """From ``crs`` minus ``offset`` to local; heights stay, those of ECEF are ellipsoidal."""
    target = crs_from_text(origin.crs or _ECEF)
    flat = target.sub_crs_list[0] if target.is_compound else target
    is_ecef = crs == _ECEF
    to_degrees = _transformer(_ECEF, _WORLD_3D)
    across = _transformer(_WORLD if is_ecef else crs, flat.to_wkt())
    zero = origin.as_array()

    def convert(xyz: Float64Array) -> Float64Array:
        x, y, z = (np.asarray(xyz, np.float64) + offset).T
        if is_ecef:
            x, y, z = to_degrees.transform(x, y, z)
        x, y = across.transform(x, y)
        return np.column_stack([x, y, z]) - zero

    return convert


@lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    import pyproj

    return pyproj.Transformer.from_crs(crs_from_text(source), crs_from_text(target), always_xy=True)
