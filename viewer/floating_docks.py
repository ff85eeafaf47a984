"""Docks on other screens: where they were, so that they come back there, and home without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication

from widgets.panel_dock import PanelDock

Box = tuple[int, int, int, int]
_LEAST_PX = 80


@dataclass(frozen=True, slots=True)
class Monitor:
    """One screen: its name and where it lies among the others (x, y, width, height), pixels."""

    name: str
    box: Box


class FloatPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a dock floated.

    Attributes
    ----------
    screen, screen_box : the screen it was on
    box : the dock, x and y from the screen's corner
    """

    screen: str
    screen_box: Box
    box: Box


def place_on(box: Box, monitors: Sequence[Monitor]) -> FloatPlace | None:
    """Where a window lies, None when its middle is on no screen."""
    x, y, width, height = box
    middle = (x + width // 2, y + height // 2)
    for monitor in monitors:
        left, top, wide, high = monitor.box
        if left <= middle[0] < left + wide and top <= middle[1] < top + high:
            at = (x - left, y - top, width, height)
            return FloatPlace(screen=monitor.name, screen_box=monitor.box, box=at)
    return None


def box_on(place: FloatPlace, monitors: Sequence[Monitor]) -> Box | None:
    """Where a dock comes back, None while its screen is gone.

    A screen is the same when name and size are the same; else when it lies at the same place with
    the same size, as after its cable was put elsewhere. It may have been moved beside another.
    """
    size = place.screen_box[2:]
    same = [m for m in monitors if m.name == place.screen and m.box[2:] == size]
    same += [m for m in monitors if m.box == place.screen_box]
    if not same:
        return None
    left, top, wide, high = same[0].box
    x, y, width, height = place.box
    width = min(max(width, _LEAST_PX), wide)
    height = min(max(height, _LEAST_PX), high)
    x, y = min(max(x, 0), wide - width), min(max(y, 0), high - height)
    return left + x, top + y, width, height


def monitors_now() -> tuple[Monitor, ...]:
    """The screens of this machine."""
    return tuple(
        Monitor(screen.name(), (g.x(), g.y(), g.width(), g.height()))
        for screen in QGuiApplication.screens()
        for g in (screen.geometry(),)
    )


class FloatingDocks:
    """Keeps floating docks where they belong as screens come and go. GUI thread.

    Parameters
    ----------
    monitors : the screens that there are
    """

    def __init__(
        self,
        docks: Mapping[str, PanelDock],
        monitors: Callable[[], Sequence[Monitor]] = monitors_now,
    ) -> None:
        self._docks = docks
        self._monitors = monitors
        #: Docks that are at home because their screen is gone.
        self._away: dict[str, FloatPlace] = {}
        self._app = QApplication.instance()
        if isinstance(self._app, QGuiApplication):
            self._app.screenAdded.connect(self._screen_changed)
            self._app.screenRemoved.connect(self._screen_changed)

    def close(self) -> None:
        """Let go of the screens."""
        if isinstance(self._app, QGuiApplication):
            self._app.screenAdded.disconnect(self._screen_changed)
            self._app.screenRemoved.disconnect(self._screen_changed)

    def text(self) -> str:
        """Where docks float now, or would if their screen were there."""
        places = dict(self._away)
        monitors = self._monitors()
        for name, dock in self._docks.items():
            if dock.isFloating() and not dock.isHidden():
                places.pop(name, None)
                found = place_on(_box(dock), monitors)
                if found is not None:
                    places[name] = found
        return msgspec.json.encode(places).decode()

    def restore(self, text: str) -> None:
        """Bring docks back to their screens; those whose screen is gone stay in the window."""
        try:
            places = msgspec.json.decode(text or "{}", type=dict[str, FloatPlace])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            places = {}
        self._away = {}
        monitors = self._monitors()
        for name, dock in self._docks.items():
            place = places.get(name)
            if place is not None:
                self._put(name, dock, place, monitors)
            elif dock.isFloating() and place_on(_box(dock), monitors) is None:
                dock.setFloating(False)

    def forget(self) -> None:
        """Forget what is away."""
        self._away = {}

    def follow_screens(self) -> None:
        """Screens came or went: docks of a lost screen come home, those of a new one go back."""
        monitors = self._monitors()
        for name, place in list(self._away.items()):
            dock = self._docks[name]
            if dock.isFloating() or dock.isHidden():  # somebody has decided meanwhile
                del self._away[name]
            elif box_on(place, monitors) is not None:
                del self._away[name]
                self._put(name, dock, place, monitors)

    def note_lost(self, before: Sequence[Monitor]) -> None:
        """Bring home what floated on a screen that is gone; `before` are the screens until then."""
        monitors = self._monitors()
        for name, dock in self._docks.items():
            if not dock.isFloating() or dock.isHidden():
                continue
            place = place_on(_box(dock), before)
            if place is not None and box_on(place, monitors) is None:
                self._put(name, dock, place, monitors)

    def _put(
        self, name: str, dock: PanelDock, place: FloatPlace, monitors: Sequence[Monitor]
    ) -> None:
        box = box_on(place, monitors)
        if box is None:
            self._away[name] = place
            dock.setFloating(False)
            return
        dock.setFloating(True)
        dock.setGeometry(QRect(*box))
        dock.show()

    def _screen_changed(self, screen: QScreen) -> None:
        box = screen.geometry()
        gone = Monitor(screen.name(), (box.x(), box.y(), box.width(), box.height()))
        self.note_lost((*self._monitors(), gone))
        self.follow_screens()


def _box(dock: PanelDock) -> Box:
    g = dock.geometry()
    return g.x(), g.y(), g.width(), g.height()
