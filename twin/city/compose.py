"""Opens a scene: reads its sources, brings them into one frame, sets them on the terrain, joins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.drape import DRAPED_UNDER_M, UNDER_M, draped, pushed_under, stands_on_zero
from twin.city.frames import Origin, crs_from_text
from twin.city.ground_raster import ground_cover
from twin.city.join import join_all
from twin.city.merging import Piece, built_extent, merged
from twin.city.placing import projected_between
from twin.city.reframing import Move, between_frames, moved, placed_by_hand
from twin.city.scene_file import SceneFile, SceneSource, is_scene, load_scene, scene_of_files
from twin.city.scene_report import Composed, SourceReport
from twin.city.tally import Tally
from twin.city.terrain_heights import GroundHeights
from twin.errors import CrsError, ReadError, SourceUnreachableError, TwinError
from twin.readers.base import Progress, ReadOptions, no_progress, open_city, reader_of

if TYPE_CHECKING:
    from twin.tiles.tileset import TilesetSource

#: Readers of what is read last, cropped to the rest of the scene.
_TERRAINS = frozenset({"terrain", "hgt"})
#: What one source may raise without taking the others away; a cancelled loading is none.
_SOURCE_ERRORS = (ReadError, CrsError, SourceUnreachableError)
_TILESET = "3dtiles"
_TILESET_SUFFIXES = (".3tz", ".3dtiles")


def scene_at(paths: Sequence[str | Path], *, crs: str = "", lod: str = "") -> SceneFile:
    """The scene that the paths of a command line mean: a scene file, or one of all of them.

    Raises
    ------
    SceneFileError
        The scene file is broken.
    """
    if len(paths) == 1 and not _is_url(paths[0]) and is_scene(Path(paths[0])):
        return load_scene(Path(paths[0]))
    return scene_of_files(list(paths), crs=crs, lod=lod)


def is_tileset(location: Path | str) -> bool:
    """Whether it is a 3D Tiles tileset: on a server, a folder, a package or its JSON."""
    if isinstance(location, str):
        return True
    if location.is_dir():
        return (location / "tileset.json").is_file()
    name = location.name.lower()
    return name.endswith(_TILESET_SUFFIXES) or name == "tileset.json"


def compose(scene: SceneFile, progress: Progress = no_progress) -> Composed:
    """Open everything a scene names. Any thread; long.

    A source that cannot be opened leaves the others; the scene says so in its warnings.

    Raises
    ------
    TwinError
        Not one source can be opened; the text is that of the first.
    """
    return _Composer(scene, progress).run()


def _is_url(path: str | Path) -> bool:
    return str(path).startswith(("http://", "https://"))


class _Composer:
    """One run of `compose`; one thread."""

    def __init__(self, scene: SceneFile, progress: Progress) -> None:
        self._scene = scene
        self._progress = progress
        self._tally = Tally()
        self._assets: dict[str, CityAsset] = {}
        self._streams: dict[str, TilesetSource] = {}
        self._errors: dict[str, TwinError] = {}
        self._zeros: dict[str, float] = {}
        self._n_done = 0

    def run(self) -> Composed:
        """All steps in their order; tilesets are let go of when one fails for good."""
        try:
            return self._run()
        except BaseException:
            for stream in self._streams.values():
                stream.close()
            raise

    def _run(self) -> Composed:
        if not self._scene.sources:
            raise TwinError(f"The scene names no source: {self._scene.path}")
        kinds = {one.id: self._kind(one) for one in self._scene.sources}
        sources = self._scene.sources
        for one in sources:
            if kinds[one.id] == "whole":
                self._try(one.id, partial(self._read_whole, one))
        origin = self._frame(kinds)
        for one in sources:
            if one.id in self._assets:
                self._try(one.id, partial(self._bring, one, origin))
        for one in sources:
            if kinds[one.id] == "cropped":
                self._try(one.id, partial(self._read_cropped, one, origin))
            elif kinds[one.id] == "stream":
                self._try(one.id, partial(self._open_stream, one, origin))
        if not self._assets and not self._streams:
            raise next(iter(self._errors.values()))
        self._set_on_terrain()
        self._join()
        return self._composed(origin)

    # -- opening -----------------------------------------------------------------------------

    def _kind(self, source: SceneSource) -> str:
        """How a source is opened: "whole", "cropped" (after the others), "stream", or "broken"."""
        location = self._scene.location_of(source)
        if is_tileset(location):
            return "stream"
        try:
            reader = reader_of(Path(location))
        except TwinError as error:
            self._errors[source.id] = error
            return "broken"
        if reader.id == _TILESET:
            return "stream"
        return "cropped" if reader.id in _TERRAINS else "whole"

    def _try(self, source_id: str, step: Callable[[], None]) -> None:
        try:
            step()
        except TwinError as error:
            if not isinstance(error, _SOURCE_ERRORS):
                raise
            self._assets.pop(source_id, None)
            self._errors[source_id] = error

    def _part_of_progress(self, fraction: float) -> None:
        self._progress(min(0.95, (self._n_done + fraction) / len(self._scene.sources)))

    def _read(self, source: SceneSource, options: ReadOptions) -> CityAsset:
        path = Path(self._scene.location_of(source))
        asset = open_city(path, options, self._part_of_progress)
        self._n_done += 1
        return asset

    def _read_whole(self, source: SceneSource) -> None:
        options = ReadOptions(lod=source.lod, crs=source.crs)
        self._assets[source.id] = self._read(source, options)

    def _read_cropped(self, source: SceneSource, origin: Origin) -> None:
        if not source.place and (origin.has_crs or self._assets):
            rest = [one for one in self._assets.values() if one.terrain is None]
            focus = built_extent(rest)
            options = ReadOptions(
                lod=source.lod, crs=source.crs, origin=origin, focus_local_m=focus
            )
            self._assets[source.id] = self._read(source, options)
            return
        self._read_whole(source)
        self._bring(source, origin)

    def _open_stream(self, source: SceneSource, origin: Origin) -> None:
        from twin.tiles.tileset import open_tileset

        location = self._scene.location_of(source)
        self._streams[source.id] = open_tileset(
            location, origin, crs=source.crs, source_id=source.id
        )

    # -- the frame ---------------------------------------------------------------------------

    def _frame(self, kinds: Mapping[str, str]) -> Origin:
        """The scene's frame: its own words, else the first georeferenced source's."""
        found = self._first_origin(kinds)
        crs = self._scene.crs or found.crs
        if self._scene.origin is not None:
            east, north, height = self._scene.origin
            return Origin(crs=crs, east_m=east, north_m=north, height_m=height)
        if not self._scene.crs or self._scene.crs == found.crs:
            return found
        _require_metric(self._scene.crs)
        if found.crs is None:
            return dataclasses.replace(found, crs=self._scene.crs)
        there = projected_between(
            np.array([[found.east_m, found.north_m]]), found.crs, self._scene.crs
        )[0]
        east, north = (float(np.round(value)) for value in there)
        return Origin(crs=self._scene.crs, east_m=east, north_m=north, height_m=found.height_m)

    def _first_origin(self, kinds: Mapping[str, str]) -> Origin:
        origins = [one.origin for one in self._assets.values()]
        found = next((one for one in origins if one.has_crs), None)
        if found is not None:
            return found
        for one in self._scene.sources:
            if kinds[one.id] == "stream":
                found = self._proposed_by_stream(one)
            elif kinds[one.id] == "cropped":
                self._try(one.id, partial(self._read_whole, one))
                opened = self._assets.pop(one.id, None)
                found = opened.origin if opened is not None else None
            if found is not None and found.has_crs:
                return found
        return origins[0] if origins else (found or Origin(crs=None))

    def _proposed_by_stream(self, source: SceneSource) -> Origin | None:
        from twin.tiles.tileset import open_tileset

        location = self._scene.location_of(source)
        try:
            stream = open_tileset(location, None, crs=source.crs)
        except TwinError as error:
            self._errors[source.id] = error
            return None
        origin: Origin = stream.origin
        stream.close()
        return origin

    def _bring(self, source: SceneSource, origin: Origin) -> None:
        """Move one source into the scene's frame."""
        asset = self._assets[source.id]
        tally = Tally()
        height = asset.origin.height_m
        move: Move | None
        if source.place is not None:
            move = placed_by_hand(source.place)
            self._zeros[source.id] = source.place.height_m - height * source.place.scale
        elif not asset.origin.has_crs and asset.origin != origin:
            move = between_frames(asset, origin, "", tally)
            self._zeros[source.id] = -height
        else:
            move = between_frames(asset, origin, self._scene.vertical, tally)
            self._zeros[source.id] = -origin.height_m
        if move is not None:
            asset = moved(asset, move, origin)
        warnings = (*asset.warnings, *tally.warnings())
        self._assets[source.id] = dataclasses.replace(asset, origin=origin, warnings=warnings)

    # -- terrain and tables ------------------------------------------------------------------

    def _set_on_terrain(self) -> None:
        wanted = {source.id for source in self._scene.sources if source.drape}
        for source in self._scene.sources:
            terrain = self._assets.get(source.id)
            if terrain is None or terrain.terrain is None:
                continue
            others = [key for key in self._assets if self._assets[key].terrain is None]
            for key in others:
                is_set = bool(wanted & {key, source.id}) and self._drape(key, terrain.terrain)
                if is_set or source.under:
                    below = DRAPED_UNDER_M if is_set else UNDER_M
                    terrain = pushed_under(terrain, self._assets[key], below)
            self._assets[source.id] = terrain
        if all(one.terrain is None for one in self._assets.values()):
            self._set_on_ground()

    def _set_on_ground(self) -> None:
        """Without a terrain, footprints stand on the ground that a city model brings."""
        grounds = [one for key, one in self._assets.items() if not self._stands_on_zero(key)]
        covers = [cover for one in grounds if (cover := ground_cover(one)) is not None]
        if covers:
            for key in [one for one in self._assets if self._stands_on_zero(one)]:
                self._drape(key, covers[0])

    def _stands_on_zero(self, key: str) -> bool:
        return stands_on_zero(self._assets[key], self._zeros.get(key, 0.0))

    def _drape(self, key: str, ground: GroundHeights) -> bool:
        """Set a source on a ground; False for one that brings real heights."""
        if not self._stands_on_zero(key):
            return False
        asset, n_outside = draped(self._assets[key], ground, self._zeros.get(key, 0.0))
        tally = Tally()
        tally.add(
            "outside-terrain", "Features outside the terrain stay at the file's height", n_outside
        )
        warnings = (*asset.warnings, *tally.warnings())
        self._assets[key] = dataclasses.replace(asset, warnings=warnings)
        return True

    def _join(self) -> None:
        for join in self._scene.joins:
            if not join.is_live:
                path = Path(self._scene.location_of(join))
                self._assets = join_all(self._assets, join, path, self._tally)

    # -- the whole ---------------------------------------------------------------------------

    def _composed(self, origin: Origin) -> Composed:
        pieces = [
            Piece(
                one.id, one.title or self._assets[one.id].title, self._assets[one.id], one.visible
            )
            for one in self._scene.sources
            if one.id in self._assets
        ]
        head = self._head(pieces, origin)
        asset = merged(pieces, head, self._tally) if pieces else head
        for one, error in self._errors.items():
            self._tally.add(f"source-{one}", f"{one} is not shown: {error}")
        notes = tuple(
            dataclasses.replace(note, message=f"{piece.id}: {note.message}")
            for piece in pieces
            for note in piece.asset.warnings
        )
        self._progress(1.0)
        return Composed(
            asset=dataclasses.replace(asset, warnings=(*self._tally.warnings(), *notes)),
            scene=self._scene,
            streams=tuple(self._streams.values()),
            reports=tuple(self._report(one, asset) for one in self._scene.sources),
        )

    def _head(self, pieces: Sequence[Piece], origin: Origin) -> CityAsset:
        """What the merged asset is called; all of it when there is but one source."""
        title = self._scene.title or ", ".join(one.title for one in pieces)
        if len(pieces) == 1 and len(self._scene.sources) == 1:
            return dataclasses.replace(pieces[0].asset, title=self._scene.title or title)
        return CityAsset(
            title=title,
            format="Scene",
            version="",
            origin=origin,
            features=_no_features(),
            soup=_no_triangles(),
            path=self._scene.path,
            source_crs=origin.crs,
        )

    def _report(self, source: SceneSource, asset: CityAsset) -> SourceReport:
        own = self._assets.get(source.id)
        stream = self._streams.get(source.id)
        if own is None:
            error = self._errors.get(source.id)
            title = source.title or (stream.title if stream is not None else source.id)
            return SourceReport(
                source=source,
                title=title,
                format="" if stream is None else f"3D Tiles {stream.version}".strip(),
                crs="" if stream is None else stream.source_crs or "",
                warnings=() if stream is None else stream.warnings(),
                is_stream=stream is not None,
                trouble=str(error) if error is not None else "",
            )
        part = next(one for one in asset.parts if one.id == source.id)
        kinds = own.features.counts_by_kind()
        return SourceReport(
            source=source,
            title=part.title,
            format=f"{own.format} {own.version}".strip(),
            crs=own.source_crs or "",
            counts=own.counts or kinds,
            warnings=own.warnings,
            first=part.first,
            end=part.end,
            has_place=own.source_crs is not None or source.place is not None,
            bounds_min_max_local_m=tuple(own.bounds_min_max_local_m().tolist()),
        )


def _require_metric(crs_text: str) -> None:
    axes = crs_from_text(crs_text).axis_info
    if not axes or axes[0].unit_conversion_factor != 1.0 or "degree" in axes[0].unit_name:
        raise CrsError(f"A scene needs a projected CRS in metres, and {crs_text} is none")


def _no_features() -> FeatureTable:
    return FeatureTable(
        ids=(),
        kind_names=(),
        kind_codes=np.empty(0, np.uint16),
        parents=np.empty(0, np.int32),
        bounds_min_max_local_m=np.empty((0, 6), np.float32),
    )


def _no_triangles() -> TriangleSoup:
    return TriangleSoup(
        corners_local_m=np.empty((0, 3, 3), np.float32),
        features=np.empty(0, np.int32),
        surfaces=np.empty(0, np.uint8),
    )
