"""``scene.toml``: which sources make a scene, how they are placed, what is joined to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.city.scene_tables import SceneFileError as SceneFileError
from twin.city.scene_tables import as_flag, as_number, as_table, as_text, as_three, taken
from twin.city.toml_text import toml_text, write_whole

#: Name of a scene file inside the folder of a scene.
SCENE_NAME = "scene.toml"
LIVE = "topic:"
#: What of a live thing may name the feature.
LIVE_KEYS = ("id", "name", "feature_id")
#: A scene file larger than this is none.
MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a source without a CRS stands, given by hand.

    Attributes
    ----------
    east_m, north_m, height_m : where its own (0, 0, 0) comes to lie, local frame of the scene
    turn_deg : clockwise seen from above, about its own (0, 0, 0)
    scale : times its own size
    """

    east_m: float = 0.0
    north_m: float = 0.0
    height_m: float = 0.0
    turn_deg: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSource:
    """One file or tileset of a scene.

    Attributes
    ----------
    id : unique in the scene
    path : file or folder as written (relative to the scene file), or a http(s) URL
    title : for a person, "" = the source's own
    crs : for a file that names none
    lod : level of detail, "" = the best
    drape : of a terrain: set the other sources on it; of another source: set it on the terrain
    under : of a terrain: push it a little below what brings its own ground
    place : by hand, None = as the file says
    """

    id: str
    path: str
    title: str = ""
    visible: bool = True
    crs: str = ""
    lod: str = ""
    drape: bool = False
    under: bool = False
    place: Placement | None = None

    @property
    def is_url(self) -> bool:
        """Whether it lies on a server."""
        return self.path.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A table whose columns become attributes of a source's features.

    Attributes
    ----------
    source : id of the source, "" = all of them
    path : CSV or Parquet file, or ``topic:…`` for live observations
    key : column of the table that names the feature; of live things one of `LIVE_KEYS`
    feature_key : attribute of the feature that is compared, "" = its id
    """

    path: str
    key: str
    source: str = ""
    feature_key: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the values come from a live topic."""
        return self.path.startswith(LIVE)

    @property
    def topic(self) -> str:
        """Name of the publisher whose values are joined; ``*`` and ``?`` stand for anything."""
        return self.path.removeprefix(LIVE)


@dataclass(slots=True, kw_only=True)
class SceneFile:
    """A scene as it is written down. One thread.

    Attributes
    ----------
    path : where it lies; None = not saved yet, then relative paths count from the working folder
    origin : E0 N0 H0 in ``crs``; None = from the sources
    vertical : vertical datum, e.g. "EPSG:5709", "" = that of the sources
    tables : further tables (``style``, ``bookmark``, ``tour``, ``layer``), kept as they are
    """

    path: Path | None = None
    title: str = ""
    crs: str = ""
    origin: tuple[float, float, float] | None = None
    vertical: str = ""
    sources: tuple[SceneSource, ...] = ()
    joins: tuple[Join, ...] = ()
    tables: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """What relative paths count from."""
        return self.path.resolve().parent if self.path is not None else Path.cwd()

    def location_of(self, source: SceneSource | Join) -> Path | str:
        """Absolute path of a source or table, or its URL or topic."""
        if isinstance(source, Join):
            return source.path if source.is_live else self.folder / source.path
        return source.path if source.is_url else self.folder / source.path

    def source(self, source_id: str) -> SceneSource:
        """The source of an id.

        Raises
        ------
        KeyError
            There is none.
        """
        for one in self.sources:
            if one.id == source_id:
                return one
        raise KeyError(source_id)

    def replace_source(self, source: SceneSource) -> None:
        """Put `source` in the place of the one with its id."""
        self.sources = tuple(source if one.id == source.id else one for one in self.sources)

    def save(self, path: Path | None = None) -> None:
        """Write the file in one step: a reader sees the old one or the new one.

        Parameters
        ----------
        path : new place; sources keep pointing at what they did

        Raises
        ------
        SceneFileError
            There is no place to write to.
        """
        if path is not None and (self.path is None or path.resolve() != self.path.resolve()):
            self._move(path)
        if self.path is None:
            raise SceneFileError("The scene has no file yet; give it one with --save-scene")
        try:
            write_whole(self.path, "".join(toml_text(self.as_tables(), ())).lstrip().encode())
        except OSError as error:
            raise SceneFileError(
                f"The scene cannot be saved ({error.strerror}): {self.path}"
            ) from error

    def _move(self, path: Path) -> None:
        """Go to another place; paths are rewritten so that they lead to the same files."""
        folder = path.resolve().parent

        def moved(written: str) -> str:
            target = (self.folder / written).resolve()
            is_inside = target.is_relative_to(folder)
            return target.relative_to(folder).as_posix() if is_inside else str(target)

        self.sources = tuple(
            one if one.is_url else dataclasses.replace(one, path=moved(one.path))
            for one in self.sources
        )
        self.joins = tuple(
            one if one.is_live else dataclasses.replace(one, path=moved(one.path))
            for one in self.joins
        )
        areas = self.tables.get("area")
        if isinstance(areas, list):
            self.tables["area"] = [
                {**one, "path": moved(str(one["path"]))}
                if isinstance(one, dict) and "path" in one
                else one
                for one in areas
            ]
        self.path = path

    def as_tables(self) -> dict[str, Any]:
        """The whole file as plain tables; what is as usual is left out."""
        head: dict[str, Any] = {"title": self.title, "crs": self.crs}
        if self.origin is not None:
            head["origin"] = list(self.origin)
        if self.vertical:
            head["vertical"] = self.vertical
        tables: dict[str, Any] = {"scene": head}
        if self.sources:
            tables["source"] = [_source_table(one) for one in self.sources]
        if self.joins:
            tables["join"] = [_told(one, keep=("path", "key")) for one in self.joins]
        return tables | self.tables


def is_scene(path: Path) -> bool:
    """Whether a path is a scene file, or a folder that holds one."""
    return (path / SCENE_NAME).is_file() or (path.suffix.lower() == ".toml" and path.is_file())


def load_scene(path: Path) -> SceneFile:
    """Read a scene file, or the one in a folder.

    Raises
    ------
    SceneFileError
        It is absent, no TOML, or a key or value in it is wrong.
    """
    import tomllib

    path = path / SCENE_NAME if path.is_dir() else path
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SceneFileError(f"The scene cannot be read ({error.strerror}): {path}") from error
    if len(content) > MAX_BYTES:
        raise SceneFileError(f"The scene file is larger than any scene: {path}")
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SceneFileError(
            f"The scene file is not UTF-8 text; save it as UTF-8: {path}"
        ) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SceneFileError(f"The scene file is not valid TOML ({error}): {path}") from error
    return scene_from_tables(tables, path)


def scene_of_files(paths: list[str | Path], *, crs: str = "", lod: str = "") -> SceneFile:
    """A scene that is not saved yet, of several files or URLs; terrains are draped under them."""
    names: set[str] = set()
    sources = []
    for one in paths:
        text = str(one)
        is_url = text.startswith(("http://", "https://"))
        source_id = _unique(_stem(text, is_url=is_url) or "source", names)
        sources.append(SceneSource(
            id=source_id,
            path=text if is_url else str(Path(text).absolute()),
            crs=crs,
            lod=lod,
            drape=text.lower().endswith(TERRAIN_SUFFIXES),
        ))  # fmt: skip
    return SceneFile(title=", ".join(one.id for one in sources), sources=tuple(sources))


def _stem(text: str, *, is_url: bool) -> str:
    """What a file or URL is called: a tileset after its folder, not after its tileset.json."""
    from urllib.parse import unquote, urlsplit

    path = Path(unquote(urlsplit(text).path).rstrip("/") if is_url else text)
    if path.name.lower() == "tileset.json" and path.parent.name:
        path = path.parent
    name = path.name or (urlsplit(text).hostname or "" if is_url else "")
    return name.split(".")[0]


#: Files that are terrain by their names: draped when they come with other files.
TERRAIN_SUFFIXES = (".hgt", ".hgt.zip", ".hgt.gz", ".tif", ".tiff")


def _unique(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    taken.add(name)
    return name


# -- from tables ---------------------------------------------------------------------------------


def scene_from_tables(tables: Mapping[str, Any], path: Path | None = None) -> SceneFile:
    """A scene from decoded TOML.

    Raises
    ------
    SceneFileError
        With the table and key that is wrong.
    """
    where = f": {path}" if path is not None else ""
    try:
        head = taken(tables.get("scene", {}), _HEAD, "[scene]")
        sources = tuple(_source(one, n) for n, one in _rows(tables, "source"))
        joins = tuple(_join(one, n) for n, one in _rows(tables, "join"))
        _check_ids(sources, joins)
    except SceneFileError as error:
        raise SceneFileError(f"{error}{where}") from None
    known = ("scene", "source", "join")
    return SceneFile(
        path=path,
        **head,
        sources=sources,
        joins=joins,
        tables={name: table for name, table in tables.items() if name not in known},
    )


def _rows(tables: Mapping[str, Any], name: str) -> list[tuple[int, Any]]:
    rows = tables.get(name, [])
    if not isinstance(rows, list):
        raise SceneFileError(f"The scene's {name} must be written as [[{name}]]")
    return list(enumerate(rows, start=1))


def _source(table: Any, number: int) -> SceneSource:
    where = f"[[source]] number {number}"
    found = taken(table, _SOURCE, where)
    for name in ("id", "path"):
        if not found.get(name):
            raise SceneFileError(f"The scene's {where} has no {name}")
    place = found.pop("place", None)
    if place is not None:
        place = Placement(**taken(place, _PLACE, f"[source.place] of source {found['id']!r}"))
        if place.scale <= 0:
            raise SceneFileError(f"The scale of source {found['id']!r} must be above 0")
    return SceneSource(**found, place=place)


def _join(table: Any, number: int) -> Join:
    where = f"[[join]] number {number}"
    found = taken(table, _JOIN, where)
    for name in ("path", "key"):
        if not found.get(name):
            raise SceneFileError(f"The scene's {where} has no {name}")
    join = Join(**found)
    if join.is_live and join.key not in LIVE_KEYS:
        there = ", ".join(LIVE_KEYS)
        raise SceneFileError(f"The scene's {where}: key is one of {there}, not {join.key!r}")
    return join


def _check_ids(sources: tuple[SceneSource, ...], joins: tuple[Join, ...]) -> None:
    ids = [one.id for one in sources]
    for source_id in ids:
        if ids.count(source_id) > 1:
            raise SceneFileError(f"The scene has two sources with the id {source_id!r}")
    for join in joins:
        if join.source and join.source not in ids:
            raise SceneFileError(
                f"The scene joins {join.path!r} to {join.source!r}, no source of it"
            )


_HEAD = {"title": as_text, "crs": as_text, "origin": as_three, "vertical": as_text}
_SOURCE = {
    "id": as_text, "path": as_text, "title": as_text, "visible": as_flag, "crs": as_text,
    "lod": as_text, "drape": as_flag, "under": as_flag, "place": as_table,
}  # fmt: skip
_PLACE = dict.fromkeys(("east_m", "north_m", "height_m", "turn_deg", "scale"), as_number)
_JOIN = dict.fromkeys(("source", "path", "key", "feature_key"), as_text)


# -- to tables -----------------------------------------------------------------------------------


def _source_table(source: SceneSource) -> dict[str, Any]:
    table = _told(source, keep=("id", "path", "visible"))
    if source.place is not None:
        table["place"] = dataclasses.asdict(source.place)
    return table


def _told(record: SceneSource | Join, keep: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a record that differ from the usual, and those of `keep`."""
    return {
        one.name: value
        for one in dataclasses.fields(record)
        if one.name != "place"
        and ((value := getattr(record, one.name)) != one.default or one.name in keep)
    }
