"""Accessors of a glTF as numpy arrays: strided, sparse, normalised, Draco."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, UInt8Array
from twin.tiles.gltf import Gltf, extension_of

#: Most elements of one accessor.
MAX_ELEMENTS = 20_000_000
_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_DRACO = "KHR_draco_mesh_compression"


def accessor(gltf: Gltf, number: object) -> NDArray[Any]:
    """(count, width) elements as they are stored, a view where possible.

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """
    described = gltf.item("accessors", number)
    dtype, width, count = _shape(described)
    view = described.get("bufferView")
    if view is None:
        if count * width > 3 * MAX_ELEMENTS // 4:
            raise ValueError("an accessor of its glTF is too large")
        found = np.zeros((count, width), dtype)
    else:
        found = _strided(gltf, view, described.get("byteOffset", 0), dtype, width, count)
    sparse = described.get("sparse")
    return found if sparse is None else _with_sparse(gltf, found.copy(), sparse)


def numbers(gltf: Gltf, number: object) -> NDArray[Any]:
    """(count, width) elements; float32 0..1 or -1..1 where the accessor is normalised."""
    found = accessor(gltf, number)
    if gltf.item("accessors", number).get("normalized") is True:
        return normalised(found)
    return found


def normalised(stored: NDArray[Any]) -> Float32Array:
    """Integers as fractions of their largest value (glTF 2.0, section 3.6.2.2)."""
    if stored.dtype.kind == "f":
        return stored.astype(np.float32)
    fractions: Float32Array = stored.astype(np.float32)
    fractions /= np.float32(np.iinfo(stored.dtype).max)
    np.maximum(fractions, np.float32(-1.0), out=fractions)
    return fractions


def _shape(described: Mapping[str, Any]) -> tuple[np.dtype[Any], int, int]:
    dtype = _DTYPES.get(described.get("componentType", 0))
    width = _WIDTHS.get(described.get("type", ""))
    count = described.get("count")
    if dtype is None or width is None:
        raise ValueError("an accessor of its glTF has an unknown type")
    if type(count) is not int or not 0 <= count <= MAX_ELEMENTS:
        raise ValueError("an accessor of its glTF has no sound count")
    return np.dtype(dtype), width, count


def _strided(
    gltf: Gltf, view: int, start: object, dtype: np.dtype[Any], width: int, count: int
) -> NDArray[Any]:
    content = gltf.view(view)
    size = dtype.itemsize * width
    stride = gltf.stride(view) or size
    if type(start) is not int or start < 0 or stride < size:
        raise ValueError("an accessor of its glTF has no sound place")
    if count and start + (count - 1) * stride + size > len(content):
        raise ValueError("an accessor of its glTF ends behind its buffer view")
    return np.ndarray(
        (count, width), dtype, content, offset=start, strides=(stride, dtype.itemsize)
    )


def _with_sparse(gltf: Gltf, found: NDArray[Any], sparse: Mapping[str, Any]) -> NDArray[Any]:
    count, where, what = sparse["count"], sparse["indices"], sparse["values"]
    if type(count) is not int or not 0 <= count <= len(found):
        raise ValueError("a sparse accessor of its glTF has no sound count")
    dtype = np.dtype(_DTYPES[where["componentType"]])
    rows = _strided(gltf, where["bufferView"], where.get("byteOffset", 0), dtype, 1, count)[:, 0]
    values = _strided(
        gltf, what["bufferView"], what.get("byteOffset", 0), found.dtype, found.shape[1], count
    )
    if count and int(rows.max()) >= len(found):
        raise ValueError("a sparse accessor of its glTF sets elements that are not there")
    found[rows] = values
    return found


class Primitive:
    """Attributes and indices of one primitive, whatever packs them."""

    def __init__(self, gltf: Gltf, described: Mapping[str, Any]) -> None:
        self._gltf = gltf
        self.described = described
        named = described.get("attributes")
        self.names: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
        packed = extension_of(described, _DRACO)
        self._draco = None if packed is None else _Draco(gltf, packed)

    def attribute(self, name: str) -> NDArray[Any] | None:
        """(V, width) elements, None when absent; normalised ones as fractions."""
        if self._draco is not None and name in self._draco.ids:
            found = self._draco.attribute(name)
            described = self._gltf.item("accessors", self.names.get(name))
            return normalised(found) if described.get("normalized") is True else found
        if name not in self.names:
            return None
        return numbers(self._gltf, self.names[name])

    def colours(self) -> UInt8Array | None:
        """(V, 3) uint8 of ``COLOR_0``, None when absent."""
        found = self.attribute("COLOR_0")
        if found is None or found.shape[1] < 3:
            return None
        shares = normalised(found[:, :3])
        bytes_of: UInt8Array = np.round(np.clip(shares, 0.0, 1.0) * 255.0).astype(np.uint8)
        return bytes_of

    def indices(self) -> NDArray[Any] | None:
        """(N,) vertex numbers, None when the vertices come in order."""
        if self._draco is not None:
            return self._draco.indices()
        if self.described.get("indices") is None:
            return None
        found = accessor(self._gltf, self.described["indices"])
        if found.dtype.kind != "u" or found.shape[1] != 1:
            raise ValueError("the indices of its glTF are no whole numbers")
        return found[:, 0]


class _Draco:
    """A Draco-packed primitive."""

    def __init__(self, gltf: Gltf, packed: Mapping[str, Any]) -> None:
        import DracoPy

        ids = packed.get("attributes")
        self.ids: Mapping[str, int] = ids if isinstance(ids, Mapping) else {}
        try:
            self._mesh = DracoPy.decode(bytes(gltf.view(packed["bufferView"])))
        except (DracoPy.FileTypeException, ValueError, RuntimeError) as error:
            raise ValueError("the Draco part of its glTF cannot be unpacked") from error

    def attribute(self, name: str) -> NDArray[Any]:
        found = self._mesh.get_attribute_by_unique_id(self.ids[name])
        if found is None:
            raise ValueError(f"the Draco part of its glTF lacks {name}")
        return draco_array(found)

    def indices(self) -> NDArray[Any] | None:
        faces = getattr(self._mesh, "faces", None)
        return None if faces is None else np.asarray(faces).reshape(-1)


def draco_array(attribute: Mapping[str, Any]) -> NDArray[Any]:
    """(V, width) of an attribute as DracoPy gives it."""
    found = np.asarray(attribute["data"])
    return found.reshape(len(found), -1)
