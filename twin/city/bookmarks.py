"""Bookmarks of a scene (where the camera stands and how the city is drawn) and tours of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from twin.analysis.camera_path import CameraPath, Stop
from twin.analysis.pose import Pose
from twin.city.scene_file import SceneFile
from twin.errors import TwinError
from twin.signals import Signal

BOOKMARKS, TOURS = "bookmark", "tour"
#: Cameras that turn stay below this.
STRAIGHT_DOWN_RAD = math.radians(89.5)


class BookmarkError(TwinError):
    """A bookmark or tour cannot be used; the text is for the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """One view of the city.

    Attributes
    ----------
    pose : where the camera stands
    colour_by : as in the session
    style : table of the style (`twin.city.style.table_from_style`), {} = plain
    layers : id -> shown
    tools : id of a tool that is on -> its settings
    thumbnail : PNG as base64, "" = none
    """

    name: str
    pose: Pose
    colour_by: str = ""
    style: dict[str, Any] = field(default_factory=dict)
    layers: dict[str, bool] = field(default_factory=dict)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    thumbnail: str = ""

    @property
    def is_plan(self) -> bool:
        """Whether it looks straight down, as only plans do."""
        return self.pose.elevation_rad > STRAIGHT_DOWN_RAD


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStop:
    """A bookmark by name, the way to it and the stay, seconds."""

    bookmark: str
    travel_s: float = 4.0
    stay_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """Bookmarks one after the other."""

    name: str
    stops: tuple[TourStop, ...] = ()


class BookmarkBook:
    """All bookmarks and tours of one scene, in their order. GUI thread.

    They lie in the scene file where there is one that is saved, else in a text that ``keep``
    takes (the person's settings).

    Signals
    -------
    changed(None)
        A bookmark or a tour came, went or moved.

    Attributes
    ----------
    unread : one sentence for each that could not be understood; it stays in the file as it is
    """

    def __init__(
        self,
        scene_file: SceneFile | None,
        *,
        kept: str = "",
        keep: Callable[[str], object] | None = None,
    ) -> None:
        self._file = scene_file
        self._keep = keep
        self._bookmarks: dict[str, Bookmark] = {}
        self._tours: dict[str, Tour] = {}
        self._odd: dict[str, list[object]] = {BOOKMARKS: [], TOURS: []}
        self.unread: list[str] = []
        self.changed: Signal[None] = Signal()
        self._read(self._tables(kept))

    @property
    def bookmarks(self) -> tuple[Bookmark, ...]:
        """All bookmarks, in their order."""
        return tuple(self._bookmarks.values())

    @property
    def tours(self) -> tuple[Tour, ...]:
        """All tours, in their order."""
        return tuple(self._tours.values())

    def bookmark(self, name: str) -> Bookmark | None:
        """The bookmark of a name."""
        return self._bookmarks.get(name)

    def put(self, bookmark: Bookmark) -> None:
        """Keep a bookmark, in the place of one that has its name.

        Raises
        ------
        BookmarkError
            It has no name.
        SceneFileError
            The scene file cannot be written; it is kept until the console closes.
        """
        if not bookmark.name.strip():
            raise BookmarkError("Give the view a name")
        self._bookmarks[bookmark.name] = bookmark
        self._write()

    def remove(self, name: str) -> None:
        """Forget a bookmark; tours that stop there leave it out."""
        if self._bookmarks.pop(name, None) is not None:
            self._write()

    def move(self, name: str, places: int) -> None:
        """Move a bookmark up (negative) or down in the list."""
        names = list(self._bookmarks)
        place = names.index(name)
        names.insert(max(0, min(len(names) - 1, place + places)), names.pop(place))
        self._bookmarks = {key: self._bookmarks[key] for key in names}
        self._write()

    def put_tour(self, tour: Tour) -> None:
        """Keep a tour, in the place of one that has its name."""
        self._tours[tour.name] = tour
        self._write()

    def path_of(self, tour: Tour) -> tuple[CameraPath, tuple[Bookmark, ...]]:
        """The camera's way along a tour, and the bookmark at each of its stops.

        Raises
        ------
        BookmarkError
            None of its bookmarks is there.
        """
        known = [(stop, self._bookmarks.get(stop.bookmark)) for stop in tour.stops]
        pairs = [(stop, bookmark) for stop, bookmark in known if bookmark is not None]
        if not pairs:
            raise BookmarkError(f"The tour “{tour.name}” has no view that is still there")
        stops = [Stop(bookmark.pose, stop.travel_s, stop.stay_s) for stop, bookmark in pairs]
        return CameraPath(stops), tuple(bookmark for _, bookmark in pairs)

    # -- reading and writing ------------------------------------------------------------------

    def _tables(self, kept: str) -> Mapping[str, Any]:
        if self._file is not None and self._file.path is not None:
            return self._file.tables
        try:
            tables = json.loads(kept) if kept else {}
        except json.JSONDecodeError:
            tables = {}
        return tables if isinstance(tables, dict) else {}

    def _read(self, tables: Mapping[str, Any]) -> None:
        for table in _listed(tables.get(BOOKMARKS, [])):
            bookmark = self._understood(BOOKMARKS, table, Bookmark)
            if bookmark is not None and _is_finite(bookmark.pose):
                self._bookmarks[bookmark.name] = bookmark
        for table in _listed(tables.get(TOURS, [])):
            tour = self._understood(TOURS, table, Tour)
            if tour is not None:
                self._tours[tour.name] = tour

    def _understood(self, what: str, table: object, kind: type[Any]) -> Any:
        try:
            return msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            self.unread.append(f"A {what} of the scene could not be understood: {error}")
            self._odd[what].append(table)
            return None

    def _write(self) -> None:
        self.changed.emit(None)
        tables = {
            BOOKMARKS: [*map(msgspec.to_builtins, self.bookmarks), *self._odd[BOOKMARKS]],
            TOURS: [*map(msgspec.to_builtins, self.tours), *self._odd[TOURS]],
        }
        if self._file is not None:
            self._file.tables.update({key: rows for key, rows in tables.items() if rows})
            for key in [key for key, rows in tables.items() if not rows]:
                self._file.tables.pop(key, None)
        if self._file is not None and self._file.path is not None:
            self._file.save()
        elif self._keep is not None:
            self._keep(json.dumps(tables))


def tour_of(name: str, bookmarks: Sequence[Bookmark], travel_s: float, stay_s: float) -> Tour:
    """A tour of bookmarks with the same times everywhere."""
    stops = (TourStop(bookmark=b.name, travel_s=travel_s, stay_s=stay_s) for b in bookmarks)
    return Tour(name=name, stops=tuple(stops))


def _listed(tables: object) -> list[object]:
    return tables if isinstance(tables, list) else [tables]


def _is_finite(pose: Pose) -> bool:
    numbers = (*pose.focal_m, pose.distance_m, pose.azimuth_rad, pose.elevation_rad)
    return all(math.isfinite(number) for number in numbers) and pose.distance_m > 0
