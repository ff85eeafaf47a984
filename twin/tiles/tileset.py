"""3D Tiles 1.0 and 1.1 as a source of tiles: from a folder, a package or a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np

from twin.city.asset import ReadWarning
from twin.city.frames import Origin
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.border import json_bytes, reading
from twin.tiles.content import LoadCancelledError, NodeRecord, TileContent
from twin.tiles.fetch import (
    MAX_CONTENT_BYTES,
    MAX_JSON_BYTES,
    READER_ID,
    FolderResources,
    Resources,
    read_uri,
    refused,
)
from twin.tiles.fetch_http import HttpResources, without_query
from twin.tiles.implicit import expand_implicit
from twin.tiles.metadata import entity_attributes
from twin.tiles.package import open_package
from twin.tiles.tileset_bake import tile_content
from twin.tiles.tileset_decode import decode_content
from twin.tiles.tileset_frame import frame_of
from twin.tiles.tileset_node import ContentLink, TilesetDocument, TilesetNode, metadata_of
from twin.tiles.tileset_parts import RawContent
from twin.tiles.tileset_tree import read_tree, root_volume

#: External tilesets inside external tilesets.
MAX_DEPTH = 64
#: Coarser tiles that finer ones replace are drawn without thin edge lines.
EDGES_UP_TO_ERROR_M = 4.0

_VERSIONS = ("0.0", "1.0", "1.1")
#: Letters of a title that are taken.
_MOST_TITLE = 200
_KNOWN_EXTENSIONS = frozenset(
    {
        "3DTILES_implicit_tiling", "3DTILES_multiple_contents", "3DTILES_content_gltf",
        "3DTILES_metadata", "3DTILES_draco_point_compression",
    }
)  # fmt: skip


def open_tileset(
    path_or_url: Path | str, origin: Origin | None = None, *, crs: str = "", source_id: str = ""
) -> TilesetSource:
    """Open a tileset: its first JSON file is read, contents are not. Any thread; blocking.

    Parameters
    ----------
    path_or_url : folder, tileset JSON, ``.3tz``, ``.3dtiles``, or http(s) URL of a tileset JSON
    origin : the scene's; None = one is proposed, see `TilesetSource.origin`
    crs : CRS of a tileset that is not in the Earth's own frame, "" = none is known
    source_id : permanent id within the scene, "" = the title

    Raises
    ------
    ReadError
        It is absent or no tileset.
    SourceUnreachableError
        Its server does not answer; later it may.
    CrsError
        ``crs`` is unknown.
    """
    text = str(path_or_url)
    is_remote = urlsplit(text).scheme in ("http", "https")
    resources = HttpResources(text) if is_remote else _local(Path(path_or_url))
    shown = without_query(text) if is_remote else text
    try:
        with reading(shown, READER_ID):
            source = TilesetSource(
                resources, title=_title(text, is_remote), origin=origin, crs=crs, id=source_id
            )
            if not is_remote:
                path = Path(path_or_url)
                source.folder = path if path.is_dir() else path.parent
            return source
    except BaseException:
        resources.close()
        raise


class TilesetSource:
    """One opened tileset; implements `twin.tiles.content.TileSource`.

    ``expand`` and ``load`` run on any threads, several at once.

    Attributes
    ----------
    origin : the scene's origin, or the one proposed
    source_crs : "EPSG:4978" for the Earth's own frame, the CRS it was opened with, or None
    version : of 3D Tiles, as the file says
    attributes : metadata of the tileset as a whole
    imported : what `civitwin import` says of it, None for a foreign tileset
    folder : where it lies, None on a server
    """

    def __init__(
        self,
        resources: Resources,
        *,
        title: str,
        origin: Origin | None,
        crs: str,
        id: str,  # noqa: A002
    ) -> None:
        self._resources = resources
        self.folder: Path | None = None
        self._tally = Tally()
        self._lock = threading.Lock()
        self._id = id or title
        document = self._document(resources.start, ())
        self.version = str(_mapping(document.json.get("asset")).get("version", ""))
        self.imported = _imported(document.json)
        self._title = _told_title(self.imported) or title
        self.attributes = entity_attributes(metadata_of(document.json), document.schema)
        self._frame = frame_of(
            root_volume(document, self._tally),
            crs=crs,
            origin=origin,
            imported=self.imported,
            tally=self._tally,
        )
        self.origin = self._frame.origin
        self.source_crs = self._frame.source_crs
        self._root = read_tree(document, self._frame, self._tally, world=np.eye(4))

    @property
    def id(self) -> str:
        """Permanent within the scene."""
        return self._id

    @property
    def title(self) -> str:
        """Name for a person."""
        return self._title

    @property
    def root(self) -> NodeRecord:
        """The first node."""
        return self._root

    def warnings(self) -> tuple[ReadWarning, ...]:
        """What was odd in the tilesets and subtrees read so far; any thread."""
        with self._lock:
            return self._tally.warnings()

    def is_there(self, node: NodeRecord) -> tuple[bool | None, ...]:
        """For each content of a node whether its file exists; None = only loading tells."""
        own = _own(node)
        return tuple(self._exists(own.document.key, link.uri) for link in own.links)

    def expand(self, node: NodeRecord) -> Sequence[NodeRecord]:
        """Children of a node that ``has_more``: see `twin.tiles.content.TileSource`."""
        own = _own(node)
        if not own.has_more:
            return own.children
        tally = Tally()
        children: list[NodeRecord] = list(own.hidden_children)
        base = own.document.key
        try:
            with reading(own.key, READER_ID):
                for uri in own.external:
                    key = self._resources.resolve(base, uri)
                    document = self._document(key, own.document.ancestors)
                    children.append(
                        read_tree(
                            document,
                            self._frame,
                            tally,
                            world=own.world,
                            is_additive=own.is_additive,
                        )
                    )
                children += expand_implicit(own, partial(self._opened, base), self._frame, tally)
        finally:
            self._note(tally)
        return children

    def load(self, node: NodeRecord, is_cancelled: Callable[[], bool]) -> TileContent:
        """All contents of a node, decoded: see `twin.tiles.content.TileSource`."""
        own = _own(node)

        def checkpoint() -> None:
            if is_cancelled():
                raise LoadCancelledError

        raw = RawContent()
        failures: list[ReadError] = []
        for link in own.links:
            checkpoint()
            try:
                self._decode(own, link, raw, checkpoint)
            except ReadError as error:
                failures.append(error)
                raw.tally.add("content-lost", f"Contents of a tile cannot be read ({error})")
        if failures and len(failures) == len(own.links):
            raise failures[0]
        checkpoint()
        is_fine = own.geometric_error_m <= EDGES_UP_TO_ERROR_M
        is_leaf = not own.children and not own.has_more
        with reading(own.key, READER_ID):
            return tile_content(
                raw,
                own.world,
                self._frame.convert,
                with_edges=own.is_additive or is_leaf or is_fine,
                is_imported=self.imported is not None,
                checkpoint=checkpoint,
            )

    def close(self) -> None:
        """Let go of files and connections."""
        self._resources.close()

    def _decode(
        self, node: TilesetNode, link: ContentLink, raw: RawContent, checkpoint: Callable[[], None]
    ) -> None:
        key = self._resources.resolve(node.document.key, link.uri)
        shown = without_query(key)
        # Outside of `reading`, which halts the cycle collector: a server may take its time.
        content = self._resources.read(key, MAX_CONTENT_BYTES)
        checkpoint()
        with reading(shown, READER_ID):
            raw.common = self._attributes(node, link)
            decode_content(
                content,
                raw,
                key=without_query(link.uri),
                fetch=self._fetcher(key),
                up_axis=node.document.up_axis,
            )

    def _attributes(self, node: TilesetNode, link: ContentLink) -> dict[str, str | float]:
        """Metadata of the tile, the content's group and the content, the nearest winning."""
        document = node.document
        groups = document.json.get("groups")
        group: Mapping[str, Any] | None = None
        if isinstance(groups, list) and 0 <= link.group < len(groups):
            group = metadata_of({"metadata": groups[link.group]})
        found = dict(node.attributes)
        found.update(entity_attributes(group, document.schema))
        found.update(entity_attributes(link.metadata, document.schema))
        return found

    def _fetcher(self, base: str) -> Callable[[object], bytes]:
        return lambda uri: read_uri(self._resources, base, uri)

    def _opened(self, base: str, uri: str) -> tuple[bytes, Callable[[object], bytes]]:
        """A file and how to get what it names."""
        key = self._resources.resolve(base, uri)
        return self._resources.read(key, MAX_JSON_BYTES), self._fetcher(key)

    def _exists(self, base: str, uri: str) -> bool | None:
        try:
            return self._resources.exists(self._resources.resolve(base, uri))
        except ReadError:
            return False

    def _document(self, key: str, ancestors: tuple[str, ...]) -> TilesetDocument:
        """Read a tileset JSON.

        Raises
        ------
        ReadError
            It is absent, no tileset, refers to itself, or is nested too deeply.
        """
        shown = without_query(key)
        if key in ancestors:
            raise refused("The tileset refers to itself, which would never end", shown)
        if len(ancestors) >= MAX_DEPTH:
            raise refused("The tileset is nested in too many other tilesets", shown)
        with reading(shown, READER_ID):
            content = self._resources.read(key, MAX_JSON_BYTES)
            described = msgspec.json.decode(json_bytes(content))
            if not isinstance(described, dict) or "root" not in described:
                raise refused("The file is no tileset: it has no root tile", shown)
            tally = Tally()
            schema = self._schema(described, key, tally)
            up_axis = _checked_asset(described, tally)
            self._note(tally)
        return TilesetDocument(
            key=key,
            ancestors=(*ancestors, key),
            json=described,
            schema=schema,
            up_axis=up_axis,
        )

    def _schema(self, described: Mapping[str, Any], key: str, tally: Tally) -> Mapping[str, Any]:
        old = _mapping(_mapping(described.get("extensions")).get("3DTILES_metadata"))
        schema = described.get("schema", old.get("schema"))
        uri = described.get("schemaUri", old.get("schemaUri"))
        if schema is None and uri is not None:
            try:
                schema = msgspec.json.decode(read_uri(self._resources, key, uri, MAX_JSON_BYTES))
            except (ReadError, msgspec.DecodeError, UnicodeError, RecursionError):
                tally.add("bad-metadata", "A metadata schema cannot be read")
        return _mapping(schema)

    def _note(self, tally: Tally) -> None:
        with self._lock:
            for warning in tally.warnings():
                self._tally.add(warning.kind, warning.message, warning.count)


def _checked_asset(described: Mapping[str, Any], tally: Tally) -> str:
    """Up axis of the glTF contents; what the file says of itself is noted where it is odd."""
    asset = _mapping(described.get("asset"))
    if str(asset.get("version")) not in _VERSIONS:
        tally.add("unknown-version", "The tileset does not say that it is 3D Tiles 1.0 or 1.1")
    required = described.get("extensionsRequired")
    for name in required if isinstance(required, list) else ():
        if name not in _KNOWN_EXTENSIONS:
            tally.add("unknown-extension", f"The tileset needs {name}, which is not known")
    axis = asset.get("gltfUpAxis", "Y")
    return axis.upper() if isinstance(axis, str) else "Y"


def _imported(described: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Where `civitwin import` says the tileset lies, None for others."""
    extras = _mapping(_mapping(described.get("asset")).get("extras"))
    found = _mapping(extras.get("civitwin"))
    numbers = [found.get(name) for name in ("east_m", "north_m", "height_m")]
    if not all(type(number) in (int, float) for number in numbers):
        return None
    return found if isinstance(found.get("crs"), str | None) else None


def _told_title(imported: Mapping[str, Any] | None) -> str:
    """What an imported city calls itself, "" where it does not."""
    told = "" if imported is None else imported.get("title", "")
    return told[:_MOST_TITLE] if isinstance(told, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _own(node: NodeRecord) -> TilesetNode:
    if not isinstance(node, TilesetNode):
        raise TypeError("the node comes from another source")
    return node


def _local(path: Path) -> Resources:
    """What a path means.

    Raises
    ------
    ReadError
        There is no tileset.
    """
    if path.is_dir():
        if not (path / "tileset.json").is_file():
            raise refused("The folder holds no tileset.json", str(path))
        return FolderResources(path / "tileset.json")
    if not path.is_file():
        raise refused("There is no such file", str(path))
    return open_package(path) or FolderResources(path)


def _title(text: str, is_remote: bool) -> str:
    path = Path(unquote(urlsplit(text).path) if is_remote else text)
    if path.name.lower() == "tileset.json":
        path = path.parent
    name = path.name.removesuffix(path.suffix) if not path.is_dir() or is_remote else path.name
    return name or (urlsplit(text).hostname or "tileset" if is_remote else path.resolve().name)
