"""What an opened scene is: one city, its streams, and what became of each source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twin.city.asset import CityAsset, ReadWarning
from twin.city.scene_file import SceneFile, SceneSource
from twin.tiles.content import TileSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What became of one source of a scene.

    Attributes
    ----------
    trouble : why it is not shown, "" when it is
    crs : of the file, "" when it names none
    first, end : rows of the composed feature table; equal when it has none
    is_stream : it is read piece by piece while it is looked at
    has_place : it is georeferenced, or placed by hand
    bounds_min_max_local_m : in the scene's frame; empty when unknown
    """

    source: SceneSource
    title: str
    format: str = ""
    crs: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[ReadWarning, ...] = ()
    trouble: str = ""
    first: int = 0
    end: int = 0
    is_stream: bool = False
    has_place: bool = True
    bounds_min_max_local_m: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """An opened scene.

    Attributes
    ----------
    asset : everything that was read whole, in one frame
    streams : tilesets, opened in the same frame
    reports : one a source, in the order of the scene file
    """

    asset: CityAsset
    scene: SceneFile
    streams: tuple[TileSource, ...] = ()
    reports: tuple[SourceReport, ...] = ()
