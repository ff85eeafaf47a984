"""The wall: every monitor filled with views without chrome, until Esc."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QWidget

from twin.city.bookmarks import Bookmark
from twin.city.style import PLAIN, style_from_table
from twin.errors import TwinError
from twin.session import TwinSession
from twin.theme import Theme
from viewer.city_pane import CityPane
from viewer.city_panes import CityPanes
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.view_list import ViewList
from widgets.wall_window import WallWindow

#: Wider than this, a desktop is taken for two monitors side by side.
TWO_MONITORS = 2.6
#: Symbols and letters of a view 1080 px high are drawn so much larger than in the window.
LARGER = 1.5
_MOST_LARGER = 3.0
#: Most bookmarks in the grid of one monitor.
MOST_IN_GRID = 9


class MakesPane(Protocol):
    """Makes a view of the wall."""

    def __call__(self, name: str, beside: CityPane, *, scale: float) -> CityPane:
        """Make it beside another, with symbols and letters ``scale`` times as large."""
        ...


class Wall:
    """Enters and leaves the wall. GUI thread.

    Each monitor shows a bookmark of the scene; one monitor alone a grid of all of them. Without
    bookmarks they show the active view, and the plan of it beside.

    Parameters
    ----------
    window : the console's window, hidden meanwhile: it then costs no frames
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        panes: CityPanes,
        views: ViewList,
        bridge: Bridge,
        window: Callable[[], QWidget],
        theme: Callable[[], Theme],
        make: MakesPane,
    ) -> None:
        self._session, self._panes, self._views = session, panes, views
        self._bridge, self._window, self._theme, self._make = bridge, window, theme, make
        self._windows: list[WallWindow] = []
        self._shown: list[CityPane] = []

    def add_actions(self, table: ActionTable) -> None:
        """Enter and leave by key and by name."""
        table.add(
            Action(
                id="view.wall",
                title="Wall: views on every monitor, without the window",
                key="Shift+F11",
                group="View",
                run=self.toggle,
                checked=lambda: self.is_on,
            )
        )

    @property
    def is_on(self) -> bool:
        """Whether the wall is up."""
        return bool(self._windows)

    @property
    def shown(self) -> tuple[CityPane, ...]:
        """The views of the wall."""
        return tuple(self._shown)

    def toggle(self) -> None:
        """Enter, or leave."""
        if not self.leave():
            self.enter()

    def enter(self, desktop: QRect | None = None) -> None:
        """Fill all monitors, or only an area of the desktop (which may stand for two)."""
        if self.is_on:
            return
        is_whole = desktop is None
        monitors = [screen.geometry() for screen in QGuiApplication.screens()]
        areas = parts_of(monitors if desktop is None else [desktop])
        is_whole = is_whole and len(areas) == len(monitors)
        beside = self._panes.active
        for number, area in enumerate(areas):
            names = self._names_for(number, len(areas))
            n_columns = math.ceil(math.sqrt(len(names)))
            height_px = area.height() / math.ceil(len(names) / n_columns)
            panes = [self._pane(one, number, beside, height_px) for one in names]
            self._open(area, panes, n_columns, is_first=number == 0, whole_screen=is_whole)
        self._window().hide()
        self._panes.activate(self._shown[0])

    def _names_for(self, number: int, n_areas: int) -> Sequence[Bookmark | None]:
        """The bookmarks of a monitor; None = a view without one."""
        kept = self._views.book.bookmarks
        if n_areas == 1 and len(kept) > 1:
            return kept[:MOST_IN_GRID]
        return [kept[number] if number < len(kept) else None]

    def _pane(
        self, bookmark: Bookmark | None, number: int, beside: CityPane, height_px: float
    ) -> CityPane:
        scale = min(max(LARGER * height_px / 1080.0, 1.0), _MOST_LARGER)
        is_plan = bookmark is None and number % 2 == 1
        name = bookmark.name if bookmark is not None else ("Plan" if is_plan else "")
        pane = self._make(name, beside, scale=scale)
        camera = pane.scene.camera
        if bookmark is not None:
            self._guard(lambda: dress(pane, bookmark))
        elif is_plan:
            camera.set_plan(True, animated=False)
            camera.home(animated=False)
        elif beside.scene.camera.is_at_home:
            camera.home(animated=False)
        self._shown.append(pane)
        self._panes.add(pane)
        return pane

    def _open(
        self,
        area: QRect,
        panes: Sequence[CityPane],
        n_columns: int,
        *,
        is_first: bool,
        whole_screen: bool,
    ) -> None:
        window = WallWindow(
            [(pane.frame, pane.name) for pane in panes],
            n_columns=n_columns,
            title=f"{self._session.city.title} · Civitwin",
            clock=self._session.clock,
            bridge=self._bridge,
            theme=self._theme(),
            has_clock=is_first,
        )
        window.left.connect(lambda _nothing: self._bridge.after(0, self.leave))
        self._windows.append(window)
        window.fill(area, whole_screen=whole_screen)

    def leave(self) -> bool:
        """Back to the window; False when there was no wall."""
        if not self.is_on:
            return False
        self._window().show()
        self.close()
        return True

    def close(self) -> None:
        """Take the wall apart; the window is not shown again by that."""
        for pane in self._shown:
            self._panes.remove(pane)
            pane.close()
        for window in self._windows:
            window.release()
            window.hide()
            window.deleteLater()
        self._shown, self._windows = [], []

    def set_theme(self, theme: Theme) -> None:
        """Dress clocks and names; the views are dressed with all others."""
        for window in self._windows:
            window.set_theme(theme)

    def grab(self) -> QImage:
        """All monitors as they lie beside each other."""
        whole = QRect()
        for window in self._windows:
            whole = whole.united(window.geometry())
        picture = QImage(whole.size(), QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = QPainter(picture)
        for window in self._windows:
            painter.drawPixmap(window.geometry().topLeft() - whole.topLeft(), window.grab())
        painter.end()
        return picture

    def _guard(self, call: Callable[[], object]) -> None:
        try:
            call()
        except TwinError as error:
            self._session.message.emit(str(error))


def parts_of(monitors: Sequence[QRect]) -> list[QRect]:
    """The areas that are filled: each monitor, or the halves of one that is two monitors wide."""
    if len(monitors) != 1 or monitors[0].width() < TWO_MONITORS * monitors[0].height():
        return list(monitors)
    whole = monitors[0]
    half = whole.width() // 2
    right = QRect(whole.x() + half, whole.y(), whole.width() - half, whole.height())
    return [QRect(whole.x(), whole.y(), half, whole.height()), right]


def dress(pane: CityPane, bookmark: Bookmark) -> None:
    """Let a view show a bookmark: camera, colours, style and layers; tools are left alone.

    Raises
    ------
    TwinError
        The bookmark's style is not one.
    """
    known = {record.id for record in pane.scene.layers}
    for layer_id, shown in bookmark.layers.items():
        if layer_id in known:
            pane.scene.set_layer_visible(layer_id, shown)
    pane.look.colour_by = bookmark.colour_by
    pane.scene.camera.set_plan(bookmark.is_plan, animated=False)
    pane.scene.camera.set_pose(bookmark.pose)
    pane.look.style = style_from_table(bookmark.style) if bookmark.style else PLAIN
    pane.driver.hurry()
