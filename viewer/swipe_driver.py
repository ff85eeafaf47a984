"""Before and after: another view over the left part of the active one, with its time and style.

Both are views of `CityPanes`: the left one keeps the style, layers and colours it began with until
it is made the active one by a click and another is chosen, and its time is that of its bar. Its
camera is that of the view below, moved by the pointer over either half; its lens is shifted, so
that one picture goes on in the other.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMenu

from scenes.controls import Button
from twin.clock import NS_PER_S
from twin.theme import Theme
from viewer.city_pane import CityPane
from viewer.city_panes import CityPanes
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.swipe_cover import SwipeCover

#: What the left half shows at first, as far as it is kept.
BEHIND_NS = 60 * NS_PER_S
STEP_MS = 50


class SwipeDriver:
    """Opens and closes the swipe. GUI thread.

    Parameters
    ----------
    make : makes a bare view of a name beside another one
    fill_time : fills a menu with the times that a view can show
    say : tells the person one sentence
    """

    def __init__(
        self,
        *,
        panes: CityPanes,
        bridge: Bridge,
        theme: Callable[[], Theme],
        make: Callable[[str, CityPane], CityPane],
        fill_time: Callable[[CityPane, QMenu], None],
        say: Callable[[str], None],
    ) -> None:
        self._panes, self._theme, self._make = panes, theme, make
        self._fill_time, self._say = fill_time, say
        self._left: CityPane | None = None
        self._right: CityPane | None = None
        self._cover: SwipeCover | None = None
        self._disconnects = [
            panes.changed.connect(self._follow_views),
            bridge.every(STEP_MS, self._step),
        ]

    @property
    def left(self) -> CityPane | None:
        """The view of before, None while nothing is compared."""
        return self._left

    @property
    def cover(self) -> SwipeCover | None:
        """The line and what it moves."""
        return self._cover

    def add_actions(self, table: ActionTable) -> None:
        """By key and by name."""
        table.add(
            Action(
                id="view.swipe",
                title="Before and after: compare two times or styles",
                key="Shift+W",
                group="View",
                icon="swipe",
                run=self.toggle,
                checked=lambda: self._left is not None,
            )
        )

    def toggle(self) -> None:
        """Lay the present look over the left half as it was a while ago; or take it away."""
        if self._left is not None:
            self.close()
        else:
            self.open(BEHIND_NS)

    def open(self, behind_ns: int) -> None:
        """Begin to compare with the city so long ago, as far as that is kept."""
        self.close()
        right = self._panes.active
        left = self._make("Before", right)
        left.lock_to(right)
        left.scene.set_layer_visible("compass", False)  # that of the right half is seen
        left.viewport.set_controls(_Shared(right))
        left.set_behind(behind_ns)
        cover = SwipeCover(right.viewport, left.frame, left.bar, self._theme())
        cover.moved.connect(self._shift)
        left.bar.close_requested.connect(lambda _nothing: self.close())
        left.bar.menu_requested.connect(self._fill_menu)
        self._left, self._right, self._cover = left, right, cover
        self._shift(cover.share)
        self._panes.add(left)
        self._say("Left: before. Its title bar has the time; click it to choose another style")

    def set_theme(self, theme: Theme) -> None:
        """Dress the line; the views are dressed with the others."""
        if self._cover is not None:
            self._cover.set_theme(theme)

    def close(self) -> None:
        """Take the left view away, if there is one."""
        left, cover = self._left, self._cover
        self._left = self._right = self._cover = None
        if left is None or cover is None:
            return
        cover.release()
        self._panes.remove(left)
        left.close()
        left.frame.hide()
        left.frame.deleteLater()

    def end(self) -> None:
        """Close it and let go of everything."""
        for disconnect in self._disconnects:
            disconnect()
        self.close()

    def _shift(self, share: float) -> None:
        if self._left is not None:
            # In half widths of the left view: its left edge stays where that of the whole is.
            self._left.scene.camera.lens_shift = 1.0 - 1.0 / share
            self._left.driver.hurry()

    def _step(self) -> None:
        left, right = self._left, self._right
        if left is None or right is None:
            return
        if left.scene.camera.is_flat != right.scene.camera.is_flat:
            left.scene.camera.set_plan(right.scene.camera.is_flat, animated=False)
        left.bar.show_active(left is self._panes.active)

    def _follow_views(self, _nothing: None) -> None:
        if self._right is not None and self._right not in self._panes.all:
            self.close()

    def _fill_menu(self, menu: QMenu) -> None:
        if self._left is not None:
            self._panes.activate(self._left)
            self._fill_time(self._left, menu)


class _Shared:
    """Lets the pointer over the left half move the camera below, which ticks by itself."""

    def __init__(self, right: CityPane) -> None:
        self._right = right

    def press(
        self, button: Button, x: float, y: float, *, shift: bool = False, ctrl: bool = False
    ) -> bool:
        """Pixels are the same in both: they share the upper left corner."""
        return self._ask(self._right.controls.press(button, x, y, shift=shift, ctrl=ctrl))

    def move(self, x: float, y: float) -> bool:
        """Hand on."""
        return self._ask(self._right.controls.move(x, y))

    def release(self) -> bool:
        """Hand on."""
        return self._ask(self._right.controls.release())

    def wheel(self, steps: float, x: float, y: float) -> bool:
        """Hand on."""
        return self._ask(self._right.controls.wheel(steps, x, y))

    def double_click(self, x: float, y: float) -> bool:
        """Hand on."""
        return self._ask(self._right.controls.double_click(x, y))

    def key(self, name: str) -> bool:
        """Hand on."""
        return self._ask(self._right.controls.key(name))

    def tick(self, _dt_s: float) -> bool:
        """Nothing: flights go on in the view below."""
        return False

    def _ask(self, wanted: bool) -> bool:
        if wanted:
            self._right.driver.hurry()
            self._right.viewport.request_frame()
        return wanted
