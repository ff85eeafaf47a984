"""Which feature each vertex of a glTF belongs to, and the features' property tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.arrays import Int32Array
from twin.city.asset import Column
from twin.tiles.gltf import Gltf, extension_of
from twin.tiles.gltf_accessors import Primitive
from twin.tiles.metadata import columns_of_table
from twin.tiles.tileset_parts import MAX_FEATURES, RawContent

_MESH_FEATURES = "EXT_mesh_features"
_METADATA = "EXT_structural_metadata"
_BATCH_NAMES = ("_BATCHID", "BATCHID")


@dataclass(frozen=True, slots=True)
class Batch:
    """Feature rows of the batch table around a glTF: the first, and how many."""

    first: int
    count: int


class GltfFeatures:
    """Feature rows of one glTF. One thread.

    Parameters
    ----------
    key : of the content, unique within the tile
    batch : of the b3dm around it, None without
    """

    def __init__(
        self,
        gltf: Gltf,
        raw: RawContent,
        key: str,
        fetch: Callable[[object], bytes],
        batch: Batch | None,
    ) -> None:
        self._gltf, self._raw, self._key, self._batch = gltf, raw, key, batch
        self._metadata = gltf.extension(_METADATA)
        self._schema = self._read_schema(fetch)
        for name, what in (("propertyTextures", "textures"), ("propertyAttributes", "attributes")):
            if self._metadata.get(name):
                raw.tally.add(f"property-{what}", f"Metadata in property {what} is not read")

    def of_vertices(self, primitive: Primitive, n_vertices: int) -> Int32Array:
        """(V,) int32 row of the content's features for each vertex."""
        described = extension_of(primitive.described, _MESH_FEATURES)
        if described is not None:
            rows = self._of_ids(described, primitive.attribute, n_vertices)
            if rows is not None:
                return rows
        for name in (*_BATCH_NAMES, "_FEATURE_ID_0"):
            if (ids := primitive.attribute(name)) is not None:
                return self._of_batch(ids[:, 0])
        if self._batch is not None and self._batch.count == 1:
            return np.full(n_vertices, self._batch.first, np.int32)
        return np.full(n_vertices, self._whole(), np.int32)

    def of_instances(
        self,
        described: Mapping[str, Any],
        attribute: Callable[[str], NDArray[Any] | None],
        n_instances: int,
    ) -> Int32Array | None:
        """(I,) rows of the instances of a node (EXT_instance_features), None without ids."""
        return self._of_ids(described, attribute, n_instances)

    def _of_ids(
        self,
        described: Mapping[str, Any],
        attribute: Callable[[str], NDArray[Any] | None],
        count: int,
    ) -> Int32Array | None:
        """Rows by the first set of ids that can be read, best one with a property table."""
        sets = [item for item in described.get("featureIds", ()) if isinstance(item, Mapping)]
        for item in sorted(sets, key=lambda item: "propertyTable" not in item):
            if "texture" in item:
                self._raw.tally.add("feature-texture", "Feature ids in textures are not read")
                continue
            number = item.get("attribute")
            if number is None:
                ids: NDArray[Any] | None = np.arange(count)
            else:
                found = attribute(f"_FEATURE_ID_{number}")
                ids = None if found is None else found[:, 0]
            if ids is None or len(ids) != count:
                self._raw.tally.add(
                    "bad-feature-id", "Feature ids that are not there were left out"
                )
                continue
            return self._table_rows(ids, item)
        return None

    def _table_rows(self, ids: NDArray[Any], item: Mapping[str, Any]) -> Int32Array:
        table = item.get("propertyTable")
        if type(table) is int:
            key, n_rows, columns = self._table(table)
        else:
            n_rows, columns = item.get("featureCount", 0), {}
            key = f"{self._key}/ids{item.get('attribute')}"
            if type(n_rows) is not int or not 0 <= n_rows <= MAX_FEATURES:
                raise ValueError("its glTF names no sound count of features")
        first = self._raw.rows_of(key, n_rows, columns)
        return self._rows(ids, first, n_rows)

    def _table(self, number: int) -> tuple[str, int, dict[str, Column]]:
        key = f"{self._key}/table{number}"
        known = self._raw.blocks.get(key)
        if known is not None:
            return key, known.count, {}
        tables = self._metadata.get("propertyTables")
        if not isinstance(tables, list) or not 0 <= number < len(tables):
            raise ValueError("its glTF refers to a property table that is not there")
        count, columns = columns_of_table(
            tables[number], self._schema, self._gltf.view, self._raw.tally
        )
        return key, count, columns

    def _of_batch(self, ids: NDArray[Any]) -> Int32Array:
        if self._batch is not None and self._batch.count:
            return self._rows(ids, self._batch.first, self._batch.count)
        most = float(ids.max()) if len(ids) else 0.0
        count = int(most) + 1 if 0 <= most < MAX_FEATURES else 0
        first = self._raw.rows_of(f"{self._key}/ids", count)
        return self._rows(ids, first, count)

    def _rows(self, ids: NDArray[Any], first: int, count: int) -> Int32Array:
        """Rows of ids; ids that name no row belong to the content as a whole."""
        numbers = np.rint(ids) if ids.dtype.kind == "f" else ids
        rows: Int32Array = numbers.astype(np.int32) + np.int32(first)
        if len(numbers) and (int(numbers.min()) < 0 or int(numbers.max()) >= count):
            rows[(numbers < 0) | (numbers >= count)] = self._whole()
        return rows

    def _whole(self) -> int:
        return self._raw.rows_of(self._key, 1)

    def _read_schema(self, fetch: Callable[[object], bytes]) -> Mapping[str, Any]:
        schema = self._metadata.get("schema")
        uri = self._metadata.get("schemaUri")
        if schema is None and uri is not None:
            try:
                schema = msgspec.json.decode(fetch(uri))
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                self._raw.tally.add("bad-metadata", "A metadata schema cannot be read")
        return schema if isinstance(schema, Mapping) else {}
