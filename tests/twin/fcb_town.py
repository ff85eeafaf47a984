"""A few boxes as a FlatCityBuf file, written with the library's generated flatbuffers code."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import flatbuffers
from flatcitybuf.generated import feature_generated as f
from flatcitybuf.generated import geometry_generated as g
from flatcitybuf.generated import header_generated as h

from tests.twin.city_samples import CUBE_FACES, cube

MAGIC = b"fcb\x01fcb\x00"


def write_town(path: Path, n_buildings: int = 3) -> None:
    """Boxes in a row at Rotterdam, each with a height; no index."""
    parts = [MAGIC, _header(n_buildings), *(_feature(number) for number in range(n_buildings))]
    path.write_bytes(b"".join(parts))


def _header(n_features: int) -> bytes:
    builder = flatbuffers.Builder(1024)
    name = builder.CreateString("height")
    h.ColumnStart(builder)
    h.ColumnAddIndex(builder, 0)
    h.ColumnAddName(builder, name)
    h.ColumnAddType(builder, h.ColumnType.Double)
    columns = _vector(builder, [h.ColumnEnd(builder)])
    authority, version = builder.CreateString("EPSG"), builder.CreateString("2.0")
    h.ReferenceSystemStart(builder)
    h.ReferenceSystemAddAuthority(builder, authority)
    h.ReferenceSystemAddCode(builder, 28992)
    crs = h.ReferenceSystemEnd(builder)
    h.HeaderStart(builder)
    h.HeaderAddTransform(
        builder, h.CreateTransform(builder, 0.5, 0.5, 0.5, 92_000.0, 436_000.0, 0.0)
    )
    h.HeaderAddColumns(builder, columns)
    h.HeaderAddFeaturesCount(builder, n_features)
    h.HeaderAddIndexNodeSize(builder, 0)
    h.HeaderAddReferenceSystem(builder, crs)
    h.HeaderAddVersion(builder, version)
    builder.FinishSizePrefixed(h.HeaderEnd(builder))
    return bytes(builder.Output())


def _feature(number: int) -> bytes:
    builder = flatbuffers.Builder(2048)
    name = builder.CreateString(f"house-{number}")
    shells, surfaces, strings, boundaries = [], [], [], []
    for shell in [CUBE_FACES]:
        shells.append(len(shell))
        for surface in shell:
            surfaces.append(len(surface))
            for ring in surface:
                strings.append(len(ring))
                boundaries.extend(ring)
    lod = builder.CreateString("1.2")
    vectors = [builder.CreateNumpyVector(_u4(one)) for one in
               ([len(shells)], shells, surfaces, strings, boundaries)]  # fmt: skip
    g.GeometryStart(builder)
    g.GeometryAddType(builder, g.GeometryType.Solid)
    g.GeometryAddLod(builder, lod)
    for add, vector in zip(
        (g.GeometryAddSolids, g.GeometryAddShells, g.GeometryAddSurfaces, g.GeometryAddStrings,
         g.GeometryAddBoundaries), vectors, strict=True,
    ):  # fmt: skip
        add(builder, vector)
    geometry = _vector(builder, [g.GeometryEnd(builder)])
    attributes = builder.CreateByteVector(struct.pack("<Hd", 0, 10.0 + number))
    f.CityObjectStart(builder)
    f.CityObjectAddType(builder, f.CityObjectType.Building)
    f.CityObjectAddId(builder, name)
    f.CityObjectAddGeometry(builder, geometry)
    f.CityObjectAddAttributes(builder, attributes)
    objects = _vector(builder, [f.CityObjectEnd(builder)])
    points = cube(40 * number)
    f.CityFeatureStartVerticesVector(builder, len(points))
    for x, y, z in reversed(points):
        f.CreateVertex(builder, x, y, z)
    vertices = builder.EndVector()
    f.CityFeatureStart(builder)
    f.CityFeatureAddId(builder, name)
    f.CityFeatureAddObjects(builder, objects)
    f.CityFeatureAddVertices(builder, vertices)
    builder.FinishSizePrefixed(f.CityFeatureEnd(builder))
    return bytes(builder.Output())


def _vector(builder: Any, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _u4(values: list[int]) -> Any:
    import numpy as np

    return np.array(values, dtype=np.uint32)
