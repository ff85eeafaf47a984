"""Several opened sources as one city: tables, triangles, streets and places one after another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from twin.arrays import Float32Array
from twin.city.asset import (
    CityAsset,
    Column,
    FeatureTable,
    Place,
    PointCloud,
    SourcePart,
    StreetNetwork,
    Surface,
    TriangleSoup,
)
from twin.city.columns import MAX_CELLS
from twin.city.tally import Tally


def table_of(asset: CityAsset) -> FeatureTable:
    """The whole feature table of an asset that a reader made."""
    if not isinstance(asset.features, FeatureTable):
        raise TypeError("a streamed city has no whole feature table")
    return asset.features


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One source in the scene's frame."""

    id: str
    title: str
    asset: CityAsset
    visible: bool = True


def merged(pieces: Sequence[Piece], like: CityAsset, tally: Tally) -> CityAsset:
    """One asset of several in the same frame; `like` gives title, origin, CRS and path."""
    firsts = np.cumsum([0, *(one.asset.features.n_features for one in pieces)])
    assets = [one.asset for one in pieces]
    parts = tuple(
        SourcePart(
            id=one.id,
            title=one.title,
            first=int(firsts[n]),
            end=int(firsts[n + 1]),
            visible=one.visible,
        )
        for n, one in enumerate(pieces)
    )
    looks = np.cumsum([0, *(len(one.materials) for one in assets)])
    return dataclasses.replace(
        like,
        features=_table(pieces, firsts, tally),
        soup=_soup(assets, firsts, looks),
        n_surfaces=sum(one.n_surfaces for one in assets),
        lods=tuple(dict.fromkeys(lod for one in assets for lod in one.lods)),
        streets=_streets([one.streets for one in assets if one.streets is not None]),
        places=_places(pieces, firsts),
        materials=tuple(look for one in assets for look in one.materials),
        points=_points(assets, firsts),
        counts=_counts(assets),
        parts=parts,
        terrain=next((one.terrain for one in assets if one.terrain is not None), None),
    )


def _table(pieces: Sequence[Piece], firsts: np.ndarray, tally: Tally) -> FeatureTable:
    tables = [table_of(one.asset) for one in pieces]
    kind_names = tuple(dict.fromkeys(kind for table in tables for kind in table.kind_names))
    code_of = {kind: code for code, kind in enumerate(kind_names)}
    codes, parents = [], []
    for first, table in zip(firsts, tables, strict=False):
        new = np.array([code_of[kind] for kind in table.kind_names] or [0], np.uint16)
        codes.append(new[table.kind_codes])
        parents.append(np.where(table.parents >= 0, table.parents + first, -1).astype(np.int32))
    return FeatureTable(
        ids=_ids(pieces, tally),
        kind_names=kind_names,
        kind_codes=np.concatenate(codes),
        parents=np.concatenate(parents),
        bounds_min_max_local_m=np.concatenate([one.bounds_min_max_local_m for one in tables]),
        attributes=_columns(tables, firsts, tally),
    )


def _ids(pieces: Sequence[Piece], tally: Tally) -> tuple[str, ...]:
    """Ids of all, those that came before with the source's id in front."""
    taken: set[str] = set()
    ids: list[str] = []
    for one in pieces:
        own = list(one.asset.features.ids)
        repeated = [name for name in own if name in taken]
        if repeated:
            tally.add(
                "repeated-id",
                "Ids that another source has too got its name in front",
                len(repeated),
            )
            again = set(repeated)
            own = [_free(f"{one.id}:{name}", taken) if name in again else name for name in own]
        taken.update(own)
        ids += own
    return tuple(ids)


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}#{number}", number + 1
    return name


def _columns(
    tables: Sequence[FeatureTable], firsts: np.ndarray, tally: Tally
) -> Mapping[str, Column]:
    names = list(dict.fromkeys(name for table in tables for name in table.attributes))
    n_features = int(firsts[-1])
    most = max(1, MAX_CELLS // max(1, n_features))
    if len(names) > most:
        tally.add(
            "too-many-attributes",
            "The sources have too many attributes together; the last were left out",
            len(names) - most,
        )
    return {name: _column(name, tables, firsts, n_features) for name in names[:most]}


def _column(
    name: str, tables: Sequence[FeatureTable], firsts: np.ndarray, n_features: int
) -> Column:
    own = [table.attributes.get(name) for table in tables]
    is_text = any(column is not None and column.dtype == object for column in own)
    if not is_text:
        numbers = np.full(n_features, np.nan)
        for first, column in zip(firsts, own, strict=False):
            if column is not None:
                numbers[first : first + len(column)] = column
        return numbers
    texts = np.full(n_features, None, dtype=object)
    for first, column in zip(firsts, own, strict=False):
        if column is not None:
            texts[first : first + len(column)] = _as_texts(column)
    return texts


def _as_texts(column: Column) -> Column:
    if column.dtype == object:
        return column
    return np.array([None if np.isnan(v) else f"{v:.10g}" for v in column], dtype=object)


def _soup(assets: Sequence[CityAsset], firsts: np.ndarray, looks: np.ndarray) -> TriangleSoup:
    soups = [one.soup for one in assets]
    sizes = [one.n_triangles for one in soups]
    corners = np.empty((sum(sizes), 3, 3), np.float32)
    features = np.empty(sum(sizes), np.int32)
    surfaces = np.empty(sum(sizes), np.uint8)
    has_looks = any(one.materials is not None for one in soups)
    materials = np.full(sum(sizes), -1, np.int32) if has_looks else None
    has_uv = any(one.uv is not None for one in soups)
    uv = np.full((sum(sizes), 3, 2), np.nan, np.float32) if has_uv else None
    at = 0
    for n, one in enumerate(soups):
        here = slice(at, at + sizes[n])
        corners[here] = one.corners_local_m
        features[here] = one.features + np.int32(firsts[n])
        surfaces[here] = one.surfaces
        if materials is not None and one.materials is not None:
            materials[here] = np.where(one.materials >= 0, one.materials + looks[n], -1)
        if uv is not None and one.uv is not None:
            uv[here] = one.uv
        at += sizes[n]
    return TriangleSoup(
        corners_local_m=corners, features=features, surfaces=surfaces, materials=materials, uv=uv
    )


def _streets(networks: Sequence[StreetNetwork]) -> StreetNetwork | None:
    if len(networks) < 2:
        return networks[0] if networks else None
    firsts = np.cumsum([0, *(len(one.nodes_local_m) for one in networks)])
    return StreetNetwork(
        nodes_local_m=np.concatenate([one.nodes_local_m for one in networks]),
        edges=np.concatenate(
            [one.edges + np.int32(first) for first, one in zip(firsts, networks, strict=False)]
        ),
        names=tuple(name for one in networks for name in one.names),
        widths_m=np.concatenate([one.widths_m for one in networks]),
        speeds_mps=np.concatenate([one.speeds_mps for one in networks]),
        one_way=np.concatenate([one.is_one_way for one in networks]),
        below=np.concatenate([one.is_below for one in networks]),
    )


def _places(pieces: Sequence[Piece], firsts: np.ndarray) -> tuple[Place, ...]:
    taken: set[str] = set()
    places = []
    for first, one in zip(firsts, pieces, strict=False):
        for place in one.asset.places:
            name = _free(place.id if place.id not in taken else f"{one.id}:{place.id}", taken)
            taken.add(name)
            row = place.feature + int(first) if place.feature >= 0 else -1
            places.append(dataclasses.replace(place, id=name, feature=row))
    return tuple(places)


def _points(assets: Sequence[CityAsset], firsts: np.ndarray) -> PointCloud | None:
    clouds = [
        (one.points, int(first))
        for one, first in zip(assets, firsts, strict=False)
        if one.points is not None
    ]
    if not clouds:
        return None

    def rgb(cloud: PointCloud) -> np.ndarray:
        return np.zeros((cloud.n_points, 3), np.uint8) if cloud.rgb is None else cloud.rgb

    def classes(cloud: PointCloud) -> np.ndarray:
        return np.zeros(cloud.n_points, np.uint8) if cloud.classes is None else cloud.classes

    def features(cloud: PointCloud) -> np.ndarray:
        return np.zeros(cloud.n_points, np.int32) if cloud.features is None else cloud.features

    xyz: Float32Array = np.concatenate([cloud.xyz_local_m for cloud, _ in clouds])
    has_rgb = all(cloud.rgb is not None for cloud, _ in clouds)
    has_classes = any(cloud.classes is not None for cloud, _ in clouds)
    return PointCloud(
        xyz_local_m=xyz,
        rgb=np.concatenate([rgb(cloud) for cloud, _ in clouds]) if has_rgb else None,
        classes=np.concatenate([classes(cloud) for cloud, _ in clouds]) if has_classes else None,
        features=np.concatenate([features(cloud) + np.int32(first) for cloud, first in clouds]),
    )


def _counts(assets: Sequence[CityAsset]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in assets:
        for name, number in one.counts.items():
            counts[name] = counts.get(name, 0) + number
    return counts


def built_extent(assets: Sequence[CityAsset]) -> tuple[float, float, float, float] | None:
    """West, south, east, north of where most of a scene is built; None when nothing is there.

    Outliers (a coastline, a motorway out of town) are left out: from the first to the last
    hundredth of the features that stand, or of all where none stands.
    """
    found = []
    for one in assets:
        bounds = one.features.bounds_min_max_local_m
        stands = np.zeros(len(bounds), bool)
        walls = one.soup.surfaces <= Surface.ROOF
        stands[one.soup.features[walls]] = True
        found.append(bounds[stands] if stands.any() else bounds)
    bounds = np.concatenate(found) if found else np.empty((0, 6), np.float32)
    bounds = bounds[~np.isnan(bounds[:, 0])]
    if not len(bounds):
        return None
    low = np.percentile(bounds[:, :2], 1.0, axis=0)
    high = np.percentile(bounds[:, 3:5], 99.0, axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
