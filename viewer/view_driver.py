"""Takes bookmarks, goes to them and plays tours. GUI thread."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QImageWriter

from twin.analysis.camera_path import CameraPath
from twin.analysis.pose import Pose
from twin.city.bookmarks import Bookmark, BookmarkBook, Tour
from twin.city.style import PLAIN, style_from_table, table_from_style
from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.session import TwinSession
from viewer.city_pane import CityPane
from viewer.settings import Settings
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.layer_list import LayerList
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

STEP_MS = 25
THUMBNAIL_PX = (160, 90)


class ViewDriver:
    """Between the panel of views, the camera, layers, style and tools.

    Parameters
    ----------
    active : the view that is kept, and that goes to what was kept
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        active: Callable[[], CityPane],
        layers: LayerList,
        tools: ToolList,
        views: ViewList,
        bridge: Bridge,
        settings: Settings,
    ) -> None:
        self._session, self._active = session, active
        self._layers, self._tools, self._views = layers, tools, views
        self._playing: _Playing | None = None
        title = session.city.title
        views.set_book(
            BookmarkBook(
                session.scene_file,
                kept=settings.views(title),
                keep=lambda text: settings.set_views(title, text),
            )
        )
        self._disconnects = [
            views.take_requested.connect(self._take),
            views.go_requested.connect(self._go),
            views.play_requested.connect(self._play),
            views.pause_requested.connect(lambda _nothing: self._pause()),
            views.stop_requested.connect(lambda _nothing: self._stop()),
            bridge.every(STEP_MS, self._step),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """What is done by key and by name."""
        for name, title, key, run in (
            ("view.bookmark", "Keep this view", "B", lambda: self._take("")),
            ("view.tour", "Play the tour of all views", "Shift+T", self._play_all),
        ):
            table.add(Action(id=name, title=title, key=key, group="View", run=run))

    def close(self) -> None:
        """Let go of everything."""
        for disconnect in self._disconnects:
            disconnect()
        self._playing = None

    # -- bookmarks ----------------------------------------------------------------------------

    def _take(self, name: str) -> None:
        names = {bookmark.name for bookmark in self._views.book.bookmarks}
        number = len(names) + 1
        while not name and f"View {number}" in names:
            number += 1
        bookmark = Bookmark(
            name=name.strip() or f"View {number}",
            pose=kept_pose(self._active().steered.scene.camera.pose),
            colour_by=self._session.colour_by,
            style={} if self._session.style == PLAIN else table_from_style(self._session.style),
            layers={entry.id: entry.visible for entry in self._layers.entries},
            tools={e.id: msgspec.to_builtins(e.state) for e in self._tools.entries if e.on},
            thumbnail=self._thumbnail(),
        )
        self._guard(lambda: self._views.book.put(bookmark))

    def _go(self, bookmark: Bookmark) -> None:
        self._stop()
        self._dress(bookmark)
        pose = bookmark.pose
        self._active().steered.scene.camera.set_plan(bookmark.is_plan, animated=False)
        self._active().steered.scene.camera.fly_to(
            pose.focal_m,
            pose.distance_m,
            azimuth_rad=pose.azimuth_rad,
            elevation_rad=pose.elevation_rad,
        )
        self._active().steered.driver.hurry()

    def _dress(self, bookmark: Bookmark) -> None:
        """Draw the city as a bookmark says; what it does not know any more is left alone."""
        known = {entry.id for entry in self._layers.entries}
        for layer_id, shown in bookmark.layers.items():
            if layer_id in known:
                self._layers.set_visible(layer_id, shown)
        self._session.colour_city_by(bookmark.colour_by)
        self._guard(
            lambda: self._session.set_style(
                style_from_table(bookmark.style) if bookmark.style else PLAIN
            )
        )
        for entry in self._tools.entries:
            state = bookmark.tools.get(entry.id)
            if state is not None:
                self._tools.set_state(entry.id, state_from(entry.state, state))
            if entry.kind == "mode":
                self._tools.switch(entry.id, state is not None)

    def _thumbnail(self) -> str:
        picture = (
            self._active()
            .viewport.grab_image()
            .scaled(
                *THUMBNAIL_PX,
                Qt.AspectRatioMode.KeepAspectRatioByExpanding,
                Qt.TransformationMode.SmoothTransformation,
            )
        )
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"png")).write(picture)
        return base64.b64encode(bytes(buffer.data().data())).decode("ascii")

    # -- tours --------------------------------------------------------------------------------

    def _play_all(self) -> None:
        tours = self._views.book.tours
        if tours:
            self._play(tours[0])
        else:
            self._session.message.emit("There is no tour yet. Keep some views, then play them")

    def _play(self, tour: Tour) -> None:
        def start() -> None:
            path, bookmarks = self._views.book.path_of(tour)
            now_ns = self._session.clock.monotonic_ns()
            self._playing = _Playing(tour.name, path, bookmarks, now_ns)

        self._guard(start)

    def _pause(self) -> None:
        if self._playing is not None:
            self._playing.is_paused = not self._playing.is_paused

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing = None
            self._views.show_tour("")

    def _step(self) -> None:
        playing = self._playing
        if playing is None:
            return
        bookmark = playing.go_on(self._session.clock.monotonic_ns())
        if bookmark is not None:
            self._dress(bookmark)
        self._active().steered.scene.camera.set_pose(playing.path.at(playing.t_s))
        self._active().steered.driver.hurry()
        share = playing.t_s / max(playing.path.duration_s, 1e-6)
        self._views.show_tour(playing.name, paused=playing.is_paused, share=share)
        if playing.t_s >= playing.path.duration_s:
            self._stop()

    def _guard(self, call: Callable[[], object]) -> None:
        try:
            call()
        except TwinError as error:
            self._session.message.emit(str(error))


@dataclasses.dataclass(slots=True)
class _Playing:
    name: str
    path: CameraPath
    bookmarks: tuple[Bookmark, ...]
    then_ns: int
    t_s: float = 0.0
    next_stop: int = 0
    is_paused: bool = False

    def go_on(self, now_ns: int) -> Bookmark | None:
        """Follow the clock; the bookmark whose stop was reached by that, if any."""
        if not self.is_paused:
            self.t_s += (now_ns - self.then_ns) / NS_PER_S
        self.then_ns = now_ns
        reached = None
        arrivals = self.path.arrivals_s
        while self.next_stop < len(arrivals) and self.t_s >= arrivals[self.next_stop]:
            reached = self.bookmarks[self.next_stop]
            self.next_stop += 1
        return reached


def kept_pose(pose: Pose) -> Pose:
    """A pose in plain numbers: a camera that has flown or turned holds some of numpy's."""
    x, y, z = pose.focal_m
    return Pose(
        focal_m=(float(x), float(y), float(z)),
        distance_m=float(pose.distance_m),
        azimuth_rad=float(pose.azimuth_rad),
        elevation_rad=float(pose.elevation_rad),
    )


def state_from(state: Any, kept: dict[str, Any]) -> Any:
    """A tool's settings with those of a bookmark that it still knows."""
    known = {field.name for field in dataclasses.fields(state)}
    return dataclasses.replace(state, **{k: v for k, v in kept.items() if k in known})
