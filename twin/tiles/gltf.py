"""glTF 2.0 containers: GLB and JSON, buffers inside and outside, buffer views, meshopt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from twin.city.tally import Tally

_MAGIC = b"glTF"
_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
#: Most bytes one compressed view may unpack to.
_MAX_UNPACKED = 256 << 20

KNOWN_EXTENSIONS = frozenset(
    {
        *_MESHOPT, "KHR_draco_mesh_compression", "KHR_mesh_quantization", "KHR_texture_transform",
        "KHR_materials_unlit", "EXT_mesh_gpu_instancing", "EXT_mesh_features",
        "EXT_structural_metadata", "EXT_instance_features", "CESIUM_RTC", "KHR_texture_basisu",
        "EXT_texture_webp", "KHR_materials_specular", "KHR_materials_pbrSpecularGlossiness",
        "KHR_techniques_webgl", "CESIUM_primitive_outline",
    }
)  # fmt: skip


class Gltf:
    """One opened glTF: its JSON, and the bytes of its buffer views. One thread.

    Parameters
    ----------
    content : GLB or JSON
    fetch : bytes of an outer buffer's URI

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """

    def __init__(self, content: bytes, fetch: Callable[[object], bytes], tally: Tally) -> None:
        self.json, self._inner = _parts(content, tally)
        self._fetch = fetch
        self._buffers: dict[int, bytes | memoryview] = {}
        self._views: dict[int, bytes | memoryview] = {}
        asset = self.json.get("asset")
        version = str(asset.get("version", "")) if isinstance(asset, Mapping) else ""
        if version and not version.startswith("2"):
            raise ValueError(f"its glTF has version {version}, only 2.0 can be read")
        required = self.json.get("extensionsRequired")
        if isinstance(required, list):
            for name in required:
                if name not in KNOWN_EXTENSIONS:
                    tally.add("unknown-extension", f"The glTF extension {name} is not known")

    def items(self, name: str) -> list[Any]:
        """A top-level list, [] when absent."""
        found = self.json.get(name)
        return found if isinstance(found, list) else []

    def item(self, name: str, number: object) -> Mapping[str, Any]:
        """One object of a top-level list.

        Raises
        ------
        ValueError
            It is not there.
        """
        found = self.items(name)
        if type(number) is not int or not 0 <= number < len(found):
            raise ValueError(f"its glTF refers to {name}[{number}], which is not there")
        item = found[number]
        if not isinstance(item, Mapping):
            raise ValueError(f"{name}[{number}] of its glTF is no object")  # noqa: TRY004
        return item

    def extension(self, name: str) -> Mapping[str, Any]:
        """A top-level extension, {} when absent."""
        return extension_of(self.json, name) or {}

    def view(self, number: int) -> bytes | memoryview:
        """Bytes of a buffer view, unpacked when it is compressed."""
        if number not in self._views:
            described = self.item("bufferViews", number)
            packed = next(
                (found for name in _MESHOPT if (found := extension_of(described, name))), None
            )
            self._views[number] = self._piece(described) if packed is None else self._unpack(packed)
        return self._views[number]

    def stride(self, number: int) -> int | None:
        """Bytes from one element to the next in a buffer view, None when they touch."""
        stride = self.item("bufferViews", number).get("byteStride")
        return stride if type(stride) is int and stride > 0 else None

    def _piece(self, described: Mapping[str, Any]) -> memoryview:
        start, length = described.get("byteOffset", 0), described.get("byteLength", 0)
        if type(start) is not int or type(length) is not int or start < 0 or length < 0:
            raise ValueError("a buffer view of its glTF has no sound place")
        buffer = self._buffer(described.get("buffer"))
        if start + length > len(buffer):
            raise ValueError("a buffer view of its glTF ends behind its buffer")
        return memoryview(buffer)[start : start + length]

    def _buffer(self, number: object) -> bytes | memoryview:
        described = self.item("buffers", number)
        assert isinstance(number, int)  # noqa: S101  # `item` has checked it
        if number not in self._buffers:
            uri = described.get("uri")
            if uri is None and self._inner is None:
                raise ValueError("its glTF refers to a binary part that is not there")
            self._buffers[number] = self._inner or b"" if uri is None else self._fetch(uri)
        return self._buffers[number]

    def _unpack(self, packed: Mapping[str, Any]) -> bytes | memoryview:
        import meshoptimizer

        count, stride = packed.get("count"), packed.get("byteStride")
        if type(count) is not int or type(stride) is not int or count < 0 or stride < 1:
            raise ValueError("a compressed buffer view of its glTF has no sound size")
        if count * stride > _MAX_UNPACKED:
            raise ValueError("a compressed buffer view of its glTF unpacks to too much")
        source = np.frombuffer(self._piece(packed), np.uint8)
        mode = packed.get("mode")
        try:
            if mode == "ATTRIBUTES":
                kind = np.dtype((np.void, stride))
                found = meshoptimizer.decode_vertex_buffer(count, stride, source, dtype=kind)
                return _filtered(found, packed.get("filter"), count, stride)
            decode = {
                "TRIANGLES": meshoptimizer.decode_index_buffer,
                "INDICES": meshoptimizer.decode_index_sequence,
            }[str(mode)]
            indices = decode(count, 4, source)
        except (RuntimeError, KeyError) as error:
            raise ValueError("a compressed buffer view of its glTF cannot be unpacked") from error
        return bytes(indices.astype(np.uint16 if stride == 2 else np.uint32))


def _filtered(found: Any, name: object, count: int, stride: int) -> bytes:
    import meshoptimizer

    filters = {
        "OCTAHEDRAL": meshoptimizer.decode_filter_oct,
        "QUATERNION": meshoptimizer.decode_filter_quat,
        "EXPONENTIAL": meshoptimizer.decode_filter_exp,
    }
    if name in (None, "NONE"):
        return bytes(found)
    if name == "COLOR" or name not in filters:
        raise ValueError(f"a buffer view of its glTF has the unknown filter {name}")
    return bytes(filters[str(name)](found, count, stride))


def extension_of(owner: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """An extension of a glTF object, None when absent."""
    extensions = owner.get("extensions")
    found = extensions.get(name) if isinstance(extensions, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _parts(content: bytes, tally: Tally) -> tuple[Mapping[str, Any], memoryview | None]:
    if content[:4] != _MAGIC:
        return _json(content), None
    if len(content) < 20:
        raise ValueError("its glTF is cut short")
    version, length = np.frombuffer(content, "<u4", 2, 4).tolist()
    if version != 2:
        raise ValueError(f"its glTF has version {version}, only 2.0 can be read")
    if length > len(content):
        tally.add("cut-short", "A glTF says it is longer than it is")
        length = len(content)
    described: Mapping[str, Any] | None = None
    inner: memoryview | None = None
    start = 12
    whole = memoryview(content)
    while start + 8 <= length:
        chunk, kind = np.frombuffer(content, "<u4", 2, start).tolist()
        if start + 8 + chunk > length:
            raise ValueError("its glTF is cut short")
        body = whole[start + 8 : start + 8 + chunk]
        if kind == _JSON_CHUNK and described is None:
            described = _json(bytes(body))
        elif kind == _BINARY_CHUNK and inner is None:
            inner = body
        start += 8 + chunk
    if described is None:
        raise ValueError("its glTF has no JSON part")
    return described, inner


def _json(text: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf").rstrip(b"\0 "))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError("its glTF holds no valid JSON") from error
    if not isinstance(found, dict):
        raise ValueError("its glTF is no JSON object")  # noqa: TRY004  # the file's fault
    return found
