"""Opens areas and cordons from GeoJSON files in the window, and keeps them with the scene."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from twin.city.areas import Area, areas_from_geojson
from twin.session import TwinSession
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge

GROUP = "Areas"
_KINDS = "Areas (*.geojson *.json);;All files (*)"
#: A look at areas takes in so much more than they are wide.
_AROUND = 2.2


class AreaDriver:
    """Adds areas to those of the session. GUI thread.

    Parameters
    ----------
    ask : asks the person for a file, "" = none; without one a dialog does
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        window: QWidget,
        ask: Callable[[], str] | None = None,
    ) -> None:
        self._session, self._bridge, self._window = session, bridge, window
        self._ask = ask or self._ask_for_file
        #: What was opened here, by file.
        self._opened: dict[Path, tuple[Area, ...]] = {}

    def add_actions(self, table: ActionTable) -> None:
        """By name, and in the panel Sources."""
        table.add(
            Action(
                id="areas.open", title="Open areas (GeoJSON)…", group=GROUP, run=self._open_asked
            )
        )
        table.add(
            Action(
                id="areas.remove",
                title="Remove the areas that were opened",
                group=GROUP,
                run=self.remove_opened,
                enabled=lambda: bool(self._opened),
            )
        )

    def open(self, path: Path) -> None:
        """Read a file in the background and show its areas; a file opened again is read anew."""
        origin = self._session.city.origin
        self._bridge.run_job(
            lambda _progress: areas_from_geojson(path, origin),
            done=lambda areas: self._take(path, areas),
            failed=lambda error: self._session.message.emit(str(error)),
            title=f"Opening {path.name}",
        )

    def remove_opened(self) -> None:
        """Take what was opened here from city and scene; areas that came with the scene stay."""
        gone = {area.id for areas in self._opened.values() for area in areas}
        self._session.set_areas(tuple(one for one in self._session.areas if one.id not in gone))
        for path in self._opened:
            self._forget_in_scene(path)
        self._opened = {}

    def _open_asked(self) -> None:
        name = self._ask()
        if name:
            self.open(Path(name))

    def _ask_for_file(self) -> str:
        name, _kind = QFileDialog.getOpenFileName(self._window, "Open areas", "", _KINDS)
        return name

    def _take(self, path: Path, areas: tuple[Area, ...]) -> None:
        path = path.resolve()
        before = {area.id for area in self._opened.pop(path, ())}
        kept = tuple(one for one in self._session.areas if one.id not in before)
        named = tuple(dataclasses.replace(one, id=f"{path}#{one.id}") for one in areas)
        self._opened[path] = named
        self._session.set_areas((*kept, *named))
        self._keep_in_scene(path)
        where = _around(named)
        self._session.fly_to_requested.emit(where)
        count = f"{len(named)} areas" if len(named) != 1 else "One area"
        self._session.message.emit(f"{count} from {path.name}")

    def _keep_in_scene(self, path: Path) -> None:
        """Let the scene bring the file when it is opened next; written by "Save scene"."""
        scene = self._session.scene_file
        if scene is None:
            return
        tables = scene.tables.setdefault("area", [])
        written = _written(path, scene.folder)
        if isinstance(tables, list) and all(_path_of(one) != written for one in tables):
            tables.append({"path": written})

    def _forget_in_scene(self, path: Path) -> None:
        scene = self._session.scene_file
        tables = [] if scene is None else scene.tables.get("area", [])
        if scene is not None and isinstance(tables, list):
            written = _written(path, scene.folder)
            kept = [one for one in tables if _path_of(one) != written]
            scene.tables.pop("area", None)
            if kept:
                scene.tables["area"] = kept


def _path_of(table: object) -> str:
    return str(table.get("path", "")) if isinstance(table, dict) else ""


def _written(path: Path, folder: Path) -> str:
    """Relative to the scene where it lies below it."""
    inside = os.path.relpath(path, folder)
    return str(path) if inside.startswith("..") else Path(inside).as_posix()


def _around(areas: tuple[Area, ...]) -> tuple[float, float, float, float]:
    """Middle of all areas and a distance to see them from, metres."""
    points = [point for area in areas for ring in area.rings for point in ring]
    xs, ys = zip(*points, strict=True)
    size_m = max(max(xs) - min(xs), max(ys) - min(ys), 60.0)
    return 0.5 * (min(xs) + max(xs)), 0.5 * (min(ys) + max(ys)), 0.0, _AROUND * size_m
