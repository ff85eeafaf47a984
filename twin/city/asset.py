"""What a reader gives and everything else takes: one city as flat arrays in its local frame."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, Float32Array, Float64Array, Int32Array, UInt8Array, UInt16Array
from twin.city.frames import Origin

if TYPE_CHECKING:
    from twin.city.terrain_heights import GroundHeights


class Surface(enum.IntEnum):
    """What a triangle is, for its shade. The value is the shade's index in the style texture."""

    WALL = 0
    ROOF = 1
    GROUND = 2
    TERRAIN = 3
    WATER = 4
    ROAD = 5
    GREEN = 6
    BRIDGE = 7
    RAIL = 8
    PAVED = 9
    MARKING = 10
    OTHER = 11


#: One attribute over all features: float64 with NaN for "none", or object (str | None).
Column: TypeAlias = NDArray[np.float64] | NDArray[np.object_]


class Features(Protocol):
    """What every table of features offers: all of a city, or what of it is loaded just now.

    `FeatureTable` is the first and never changes; `twin.city.residents.ResidentFeatures` the
    second: arrays are those of this moment, to be asked for anew when its ``version`` moved.
    """

    @property
    def ids(self) -> Sequence[str]:
        """N ids."""

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The distinct kinds."""

    @property
    def kind_codes(self) -> UInt16Array:
        """(N,) index into ``kind_names``."""

    @property
    def parents(self) -> Int32Array:
        """(N,) row of the parent, -1 for none."""

    @property
    def bounds_min_max_local_m(self) -> Float32Array:
        """(N, 6) xmin ymin zmin xmax ymax zmax; NaN without geometry."""

    @property
    def attributes(self) -> Mapping[str, Column]:
        """Column by name."""

    @property
    def n_features(self) -> int:
        """How many rows."""

    def kind(self, row: int) -> str:
        """Kind of one feature."""

    def counts_by_kind(self) -> dict[str, int]:
        """How many features of each kind."""

    def attributes_of(self, row: int) -> dict[str, str | float]:
        """The attributes one feature has."""

    def row_of(self, feature_id: str) -> int:
        """Row of an id, -1 if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTable:
    """The things of a city (buildings, roads, parts …), one row each.

    Attributes
    ----------
    ids : sequence of N str, unique
    kind_names : the distinct kinds as the format names them ("Building", "Road" …)
    kind_codes : (N,) uint16, index into ``kind_names``
    parents : (N,) int32, row of the parent (BuildingPart -> Building), -1 for none
    bounds_min_max_local_m : (N, 6) float32, xmin ymin zmin xmax ymax zmax; NaN without geometry
    attributes : column by name
    """

    ids: Sequence[str]
    kind_names: tuple[str, ...]
    kind_codes: UInt16Array
    parents: Int32Array
    bounds_min_max_local_m: Float32Array
    attributes: Mapping[str, Column] = field(default_factory=dict)

    @property
    def n_features(self) -> int:
        """How many rows."""
        return len(self.kind_codes)

    def kind(self, row: int) -> str:
        """Kind of one feature, as the format names it."""
        return self.kind_names[int(self.kind_codes[row])]

    def counts_by_kind(self) -> dict[str, int]:
        """How many features of each kind, kinds without a feature left out."""
        counts = np.bincount(self.kind_codes, minlength=len(self.kind_names))
        return {k: int(c) for k, c in zip(self.kind_names, counts, strict=True) if c}

    def attributes_of(self, row: int) -> dict[str, str | float]:
        """The attributes one feature has (missing ones left out)."""
        out: dict[str, str | float] = {}
        for name, column in self.attributes.items():
            value = column[row]
            if column.dtype == object:
                if value is not None:
                    out[name] = str(value)
            elif not np.isnan(value):
                out[name] = float(value)
        return out

    def row_of(self, feature_id: str) -> int:
        """Row of an id, -1 if unknown. Linear; keep an index of your own for many look-ups."""
        try:
            return self.ids.index(feature_id)
        except ValueError:
            return -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """How a surface looks in its file: a plain colour, or a photograph.

    Attributes
    ----------
    rgba : 0..255 each
    image : file or encoded bytes (PNG, JPEG …) of its texture; None = colour only
    """

    rgba: tuple[int, int, int, int] = (255, 255, 255, 255)
    image: Path | bytes | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriangleSoup:
    """All drawable surfaces: unshared triangles, counter-clockwise seen from outside.

    Attributes
    ----------
    corners_local_m : (T, 3, 3) float32, metres, local frame; axis 1 = corner, axis 2 = x y z
    features : (T,) int32, row in the feature table
    surfaces : (T,) uint8, `Surface`
    materials : (T,) int32, index into `CityAsset.materials`, -1 = none; None = the file has none
    uv : (T, 3, 2) float32 texture coordinates, v upwards, NaN without; None = the file has none
    """

    corners_local_m: Float32Array
    features: Int32Array
    surfaces: UInt8Array
    materials: Int32Array | None = None
    uv: Float32Array | None = None

    @property
    def n_triangles(self) -> int:
        """How many triangles."""
        return len(self.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetNetwork:
    """A routable graph of straight street segments.

    Attributes
    ----------
    nodes_local_m : (N, 3) float32
    edges : (M, 2) int32, node indices
    names : M street names (segments of one street share it; may be "")
    widths_m : (M,) float32, kerb to kerb
    speeds_mps : (M,) float32, usual free-flow speed
    one_way : (M,) bool, edges that may be driven from their first node only; None = none
    below : (M,) bool, edges in tunnels, which nothing on the ground is beside; None = none
    """

    nodes_local_m: Float32Array
    edges: Int32Array
    names: Sequence[str]
    widths_m: Float32Array
    speeds_mps: Float32Array
    one_way: BoolArray | None = None
    below: BoolArray | None = None

    @property
    def is_one_way(self) -> BoolArray:
        """(M,) `one_way`, where it is not told none."""
        return np.zeros(len(self.edges), bool) if self.one_way is None else self.one_way

    @property
    def is_below(self) -> BoolArray:
        """(M,) `below`, where it is not told none."""
        return np.zeros(len(self.edges), bool) if self.below is None else self.below

    def on_the_ground(self) -> StreetNetwork:
        """The same without tunnels."""
        if self.below is None or not self.below.any():
            return self
        keep = ~self.below
        return StreetNetwork(
            nodes_local_m=self.nodes_local_m,
            edges=self.edges[keep],
            names=[name for name, kept in zip(self.names, keep.tolist(), strict=True) if kept],
            widths_m=self.widths_m[keep],
            speeds_mps=self.speeds_mps[keep],
            one_way=None if self.one_way is None else self.one_way[keep],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named point of interest or piece of equipment.

    ``kind`` is one of: hospital, fire_station, police_station, pump_station, gate, signal,
    street_light, bridge, park, district, square, station, substation, parking, river_gauge,
    air_station, noise_meter, weather_station, loop, depot.
    """

    id: str
    name: str
    kind: str
    xyz_local_m: tuple[float, float, float]
    feature: int = -1
    district: str = ""


@dataclass(frozen=True, slots=True)
class ReadWarning:
    """Something odd in a file that did not stop it: ``kind`` is a short stable word."""

    kind: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PointCloud:
    """Points of a survey, drawn as they are.

    Attributes
    ----------
    xyz_local_m : (P, 3) float32, local frame
    rgb : (P, 3) uint8; None = coloured by height
    classes : (P,) uint8, ASPRS class of each point; None = unknown
    features : (P,) int32 row in the feature table, None = all belong to row 0
    """

    xyz_local_m: Float32Array
    rgb: UInt8Array | None = None
    classes: UInt8Array | None = None
    features: Int32Array | None = None

    @property
    def n_points(self) -> int:
        """How many points."""
        return len(self.xyz_local_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePart:
    """One source of a scene: which features of the asset came from it.

    Attributes
    ----------
    id : as in ``scene.toml``
    first, end : rows of the feature table, ``first <= row < end``
    """

    id: str
    title: str
    first: int
    end: int
    visible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CityAsset:
    """One opened city.

    Attributes
    ----------
    title : name for a person
    format, version : "CityJSON", "2.0"
    origin : where local (0, 0, 0) lies; ``origin.crs`` is None when not georeferenced
    features : all of them; of a streamed city those that are loaded just now
    n_surfaces : polygons in the file before triangulation
    lods : levels of detail found in the file, as it names them
    lod_drawn : which of them was taken ("" when the format has none)
    source_crs : CRS the file itself is in, which differs from ``origin.crs`` when degrees or
        feet went to UTM metres; None when it names none
    source_bounds : (6) xmin ymin zmin xmax ymax zmax in ``source_crs``; empty when unknown
    materials : looks that ``soup.materials`` points to
    points : of a point cloud; None when there is none
    counts : what the file holds in its format's own terms ("highway", "stops", "tiles" …)
    parts : the sources of a scene; empty for a single file
    terrain : how high the ground is, where a terrain was read; else None, see
        `twin.city.ground_raster.ground_of`
    """

    title: str
    format: str
    version: str
    origin: Origin
    features: Features
    soup: TriangleSoup
    n_surfaces: int = 0
    lods: tuple[str, ...] = ()
    lod_drawn: str = ""
    streets: StreetNetwork | None = None
    places: tuple[Place, ...] = ()
    warnings: tuple[ReadWarning, ...] = ()
    path: Path | None = None
    source_crs: str | None = None
    source_bounds: tuple[float, ...] = ()
    materials: tuple[Material, ...] = ()
    points: PointCloud | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[SourcePart, ...] = ()
    terrain: GroundHeights | None = None

    def bounds_min_max_local_m(self) -> Float64Array:
        """(6,) xmin ymin zmin xmax ymax zmax over all features; zeros for an empty city."""
        bounds = self.features.bounds_min_max_local_m
        bounds = bounds[~np.isnan(bounds[:, 0])]
        if not len(bounds):
            return np.zeros(6)
        return np.concatenate([bounds[:, :3].min(axis=0), bounds[:, 3:].max(axis=0)]).astype(float)
