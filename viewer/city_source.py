"""Where a console's city comes from: a file or the generator; loaded away from the GUI thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from twin.city.asset import CityAsset
from twin.city.compose import compose, scene_at
from twin.city.residents import resident_city
from twin.city.scene_file import SCENE_NAME, Join, SceneFile
from twin.city.scene_report import Composed, SourceReport
from twin.city.stream_table import with_tables
from twin.errors import TwinError
from twin.readers.base import Progress, ReadOptions
from twin.tiles.content import TileSource
from twin.tiles.partition import tiles_from_asset
from twin.tiles.tile import Tile

#: Share of the progress bar that reading takes; the rest is cutting into tiles.
READING_SHARE = 0.7


class LoadingCancelledError(TwinError):
    """The person cancelled the loading of a city."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitySource:
    """A file or scene, or the generated city when ``path`` is None.

    Attributes
    ----------
    path : a city file, a scene file, or a folder that holds a scene or a tileset; or a URL
    further : more files of a scene that is not saved yet
    joins : tables joined to the features, besides those of the scene
    save_scene : where to write the scene once it is open
    """

    path: Path | str | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    further: tuple[Path | str, ...] = ()
    joins: tuple[Join, ...] = ()
    save_scene: Path | None = None
    n_buildings: int = 5000
    seed: int = 1

    @property
    def title(self) -> str:
        """Name for a person before it is open."""
        if self.path is None:
            return "Demo city"
        more = f" and {len(self.further)} more" if self.further else ""
        return f"{Path(self.path).name}{more}"

    def scene(self) -> SceneFile:
        """What is to be opened.

        Raises
        ------
        TwinError
            The scene file is broken.
        """
        paths = [] if self.path is None else [self.path, *self.further]
        scene = scene_at(paths, crs=self.options.crs, lod=self.options.lod)
        scene.joins = (*scene.joins, *self.joins)
        return scene

    def sim_arguments(self, folder: Path) -> list[str]:
        """Arguments that make ``civitwin sim`` take the same city.

        A scene that is not saved is written to `folder` for it.
        """
        if self.path is None:
            return ["--buildings", str(self.n_buildings), "--seed", str(self.seed)]
        if self.further or self.joins or self.save_scene:
            scene = self.scene()
            scene.save(folder / SCENE_NAME)
            return ["--city", str(scene.path)]
        arguments = ["--city", str(self.path)]
        if self.options.lod:
            arguments += ["--lod", self.options.lod]
        if self.options.crs:
            arguments += ["--crs", self.options.crs]
        return arguments

    def load(self, progress: Progress) -> Composed:
        """Read or generate. Any thread.

        Raises
        ------
        TwinError
            The file cannot be opened as a city, or the scene cannot be saved.
        """
        if self.path is not None:
            composed = compose(self.scene(), progress)
            if self.save_scene is not None:
                composed.scene.save(self.save_scene)
            return composed
        from twin.generate.city import generate_city

        city = generate_city(n_buildings=self.n_buildings, seed=self.seed, progress=progress)
        return Composed(asset=city, scene=SceneFile(title=city.title))


def demo_named(text: str) -> CitySource | None:
    """The generated city of "demo" or "demo:BUILDINGS:SEED", None for any other text.

    Raises
    ------
    TwinError
        It begins like one and is none.
    """
    name, _, further = text.partition(":")
    if name != "demo":
        return None
    numbers = further.split(":") if further else []
    if len(numbers) > 2 or not all(one.isdigit() for one in numbers):
        raise TwinError(f"A demo city is written demo or demo:BUILDINGS:SEED, not {text!r}")
    usual = CitySource()
    n_buildings, seed = [*map(int, numbers), *(usual.n_buildings, usual.seed)[len(numbers) :]]
    return CitySource(n_buildings=n_buildings, seed=seed)


@dataclass(frozen=True, slots=True)
class LoadedCity:
    """A city ready to be drawn.

    Attributes
    ----------
    streams : tilesets that are read piece by piece while the city is looked at
    scene_file : the scene it was read from; that of single files is not saved yet
    reports : what became of each source
    source : what it was opened from
    """

    asset: CityAsset
    tiles: list[Tile]
    streams: tuple[TileSource, ...] = ()
    scene_file: SceneFile | None = None
    reports: tuple[SourceReport, ...] = ()
    source: CitySource = field(default_factory=CitySource)


class CityLoading:
    """One loading on its own thread, begun at once; polled by the GUI thread.

    Attributes
    ----------
    fraction : 0..1, written by the worker
    """

    def __init__(self, source: CitySource) -> None:
        self._source = source
        self._result: LoadedCity | None = None
        self._error: Exception | None = None
        self._cancelled = threading.Event()
        self.fraction = 0.0
        self._thread = threading.Thread(target=self._work, name="city-loading", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether `result` may be asked without waiting."""
        return not self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait a little; True once it is over."""
        self._thread.join(timeout_s)
        return self.is_over

    def cancel(self) -> None:
        """End at the next progress report."""
        self._cancelled.set()

    def result(self) -> LoadedCity:
        """The city.

        Raises
        ------
        TwinError
            It could not be opened, or was cancelled.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise LoadingCancelledError("The loading of the city was cancelled")
        return self._result

    def _work(self) -> None:
        try:
            opened = self._source.load(lambda part: self._report(part * READING_SHARE))
            asset = opened.asset
            if opened.streams:
                asset = with_tables(resident_city(asset), opened.streams)
            tiles = tiles_from_asset(
                asset,
                progress=lambda part: self._report(READING_SHARE + part * (1 - READING_SHARE)),
            )
            self._result = LoadedCity(
                asset, tiles, opened.streams, opened.scene, opened.reports, self._source
            )
        except Exception as error:  # noqa: BLE001 - handed to the thread that asks for the result
            self._error = error

    def _report(self, fraction: float) -> None:
        if self._cancelled.is_set():
            raise LoadingCancelledError("The loading of the city was cancelled")
        self.fraction = fraction


def opening_remark(asset: CityAsset) -> str:
    """What the operator should know about a city that was just opened, "" for nothing."""
    if asset.path is None and not asset.parts:
        return ""
    lost = [one.message for one in asset.warnings if one.kind.startswith("source-")]
    if lost:
        return lost[0] if len(lost) == 1 else f"{lost[0]} ({len(lost) - 1} more: see Sources)"
    if asset.origin.crs is None:
        return (
            "The file names no coordinate reference system, so sensors with a longitude and"
            " latitude cannot be placed; open it with --crs, e.g. --crs EPSG:31256"
        )
    if asset.warnings:
        return f"Remarks on this file: {len(asset.warnings)}. Read them in the Sources panel"
    return ""
