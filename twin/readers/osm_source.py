"""An OpenStreetMap file as arrays: nodes, ways and relations with their tags, read with osmium."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from twin.city.osm_data import OsmData, Relation, rows_of
from twin.city.osm_tags import Tags
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress

#: Most objects that are read whole (about 1 GiB); more must be cut or imported in parts.
MAX_NODES, MAX_WAYS, MAX_MEMBERS = 9_000_000, 1_500_000, 3_000_000
MAX_REFS = 12_000_000
_PROGRESS_EVERY = 20_000


@dataclass(slots=True)
class _Gathered:
    """Objects as they come from the file."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    xs: array[int] = field(default_factory=lambda: array("i"))
    ys: array[int] = field(default_factory=lambda: array("i"))
    node_tags: list[tuple[int, Tags]] = field(default_factory=list)
    way_ids: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    refs: array[int] = field(default_factory=lambda: array("q"))
    way_tags: list[Tags] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    member_ids: dict[str, array[int]] = field(
        default_factory=lambda: {kind: array("q") for kind in "nwr"}
    )
    box_deg: tuple[float, float, float, float] | None = None

    @property
    def n_objects(self) -> int:
        return len(self.ids) + len(self.way_ids) + len(self.relations)


def read_osm(path: Path, tally: Tally, progress: Progress) -> OsmData:
    """Read a ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.osm.pbf`` file. Any thread.

    A file that is cut off gives what could be read, with a warning.

    Raises
    ------
    ReadError
        Nothing could be read, or the file is too large to be held as a whole.
    """
    import osmium

    found = _Gathered()
    try:
        source = osmium.FileProcessor(osmium.io.File(str(path), _format(path)))
        found.box_deg = _box(source.header.box())
        for count, thing in enumerate(source):
            _add(thing, found)
            if count % _PROGRESS_EVERY == 0:
                _check_size(found, path)
                progress(0.4 * (1.0 - 1.0 / (1.0 + count / 500_000)))
    except (RuntimeError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:120]
        if not found.n_objects:
            raise ReadError(
                f"The file is no complete OpenStreetMap file ({reason})", path=path, reader_id="osm"
            ) from error
        tally.add("cut-off", f"The file ends too early or is damaged ({reason})")
    _check_size(found, path)
    return _data(found)


def _format(path: Path) -> str:
    """What osmium calls the format, by the file's ending; "" lets osmium look."""
    name = path.name.lower()
    known = {".pbf": "pbf", ".osm": "osm", ".gz": "osm.gz", ".bz2": "osm.bz2"}
    return next((text for ending, text in known.items() if name.endswith(ending)), "")


def _box(box: Any) -> tuple[float, float, float, float] | None:
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return low.lon, low.lat, high.lon, high.lat


def _add(thing: Any, found: _Gathered) -> None:
    if thing.is_node():
        place = thing.location
        if not place.valid():
            return
        found.ids.append(thing.id)
        found.xs.append(place.x)
        found.ys.append(place.y)
        if len(thing.tags):
            found.node_tags.append((thing.id, _tags(thing)))
    elif thing.is_way():
        refs = [node.ref for node in thing.nodes]
        found.way_ids.append(thing.id)
        found.sizes.append(len(refs))
        found.refs.extend(refs)
        found.way_tags.append(_tags(thing))
    elif thing.is_relation():
        found.relations.append(_relation(thing, found))


def _relation(thing: Any, found: _Gathered) -> Relation:
    tags = _tags(thing)
    is_area = tags.get("type") == "multipolygon"
    ways = []
    for member in thing.members:
        kind, ref = member.type, member.ref
        found.member_ids[kind].append(ref)
        if is_area and kind == "w":
            ways.append((ref, intern(member.role)))
    return Relation(thing.id, tags, ways)


def _tags(thing: Any) -> Tags:
    """Tags; the few different texts of a file are kept once each."""
    return {intern(tag.k): intern(tag.v) for tag in thing.tags}


def _check_size(found: _Gathered, path: Path) -> None:
    if (
        len(found.ids) > MAX_NODES
        or len(found.way_ids) > MAX_WAYS
        or len(found.refs) > MAX_REFS
        or sum(map(len, found.member_ids.values())) > MAX_MEMBERS
    ):
        raise ReadError(
            f"The file holds over {MAX_NODES:,} nodes or {MAX_WAYS:,} ways; cut out the city with"
            " osmium extract and open that",
            path=path,
            reader_id="osm",
        )


def _data(found: _Gathered) -> OsmData:
    ids = np.frombuffer(found.ids, dtype=np.int64) if found.ids else np.zeros(0, np.int64)
    xs = np.array(found.xs, dtype=np.float64)
    ys = np.array(found.ys, dtype=np.float64)
    # A file of changes may name a node twice: the last one counts.
    ids, last = np.unique(ids[::-1], return_index=True)
    last = len(xs) - 1 - last
    lonlat = np.column_stack([xs[last], ys[last]]) * 1e-7
    refs = np.array(found.refs, dtype=np.int64)
    tagged = np.array([number for number, _ in found.node_tags], dtype=np.int64)
    rows = rows_of(ids, tagged).tolist()
    sizes = np.array(found.sizes, dtype=np.int64)
    return OsmData(
        node_ids=ids,
        lonlat_deg=lonlat,
        node_tags={row: tags for row, (_, tags) in zip(rows, found.node_tags, strict=True)},
        way_ids=np.array(found.way_ids, dtype=np.int64),
        way_starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        way_nodes=rows_of(ids, refs),
        way_tags=found.way_tags,
        relations=found.relations,
        member_ids={kind: np.array(ids, np.int64) for kind, ids in found.member_ids.items()},
        box_deg=found.box_deg,
    )
