"""Views in a window as the console puts them together, without hub and panels."""

from __future__ import annotations

from collections.abc import Iterator

from pytestqt.qtbot import QtBot

from tests.twin.box_city import city_of_boxes
from tests.viewer.console_parts import small_session
from twin.clock import SystemClock
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset
from viewer.city_pane import CityPane, PaneBase
from viewer.city_pane_docks import PaneDocks, ViewArea
from viewer.city_pane_time import SharedPast
from viewer.city_panes import CityPanes
from viewer.swipe_driver import SwipeDriver
from viewer.wall import Wall
from widgets.bridge import Bridge
from widgets.layer_list import LayerList
from widgets.view_list import ViewList


class SteppedClock(SystemClock):
    """The machine's clock, which can be put forward."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.ahead_ns


class Console:
    """Views in a window as `viewer.desk.Desk` puts them together, without hub and panels."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.bridge = Bridge()
        self.city = city_of_boxes()
        self.session = small_session(self.clock, self.city)
        self.layers = LayerList()
        self.theme = load_theme("light")
        self.past = SharedPast(self.session)
        self.panes = CityPanes(session=self.session, layers=self.layers, bridge=self.bridge)
        self.base = PaneBase(
            session=self.session,
            bridge=self.bridge,
            clock=self.clock,
            past=self.past,
            share=self.panes.share,
        )
        self.first = CityPane(name="Main view", base=self.base, theme=self.theme)
        self.first.scene.set_city(self.city, tiles_from_asset(self.city))
        self.panes.add(self.first)
        self.area = ViewArea(self.first.frame)
        self.docks = PaneDocks(area=self.area, panes=self.panes, past=self.past, make=self.make)
        self.wall = Wall(
            session=self.session,
            panes=self.panes,
            views=ViewList(),
            bridge=self.bridge,
            window=lambda: self.area,
            theme=lambda: self.theme,
            make=self.make,
        )
        self.swipe = SwipeDriver(
            panes=self.panes,
            bridge=self.bridge,
            theme=lambda: self.theme,
            make=self.make_half,
            fill_time=self.docks.fill_time,
            say=self.session.message.emit,
        )

    def make(self, name: str, beside: CityPane, *, scale: float = 0.0) -> CityPane:
        return CityPane(
            name=name,
            base=self.base,
            theme=self.theme,
            beside=beside,
            scale=scale or 1.0,
            is_bare=bool(scale),
        )

    def make_half(self, name: str, beside: CityPane) -> CityPane:
        return CityPane(name=name, base=self.base, theme=self.theme, beside=beside, is_bare=True)

    def close(self) -> None:
        self.wall.close()
        self.swipe.end()
        self.docks.close_all()
        self.panes.close()
        self.first.close()
        self.area.close()
        self.area.deleteLater()
        self.bridge.close()


def opened_console(qtbot: QtBot) -> Iterator[Console]:
    """A console with one drawn view; checks at its end that nothing is left."""
    made = Console()
    made.area.resize(900, 500)
    made.area.show()
    qtbot.waitUntil(lambda: made.first.viewport.frame_times.n_frames > 0, timeout=15_000)
    yield made
    made.close()
    assert made.session.selection_changed.n_handlers == 0
    assert made.session.colour_by_changed.n_handlers == 0
    assert made.bridge.n_timers == 0


def wait_for_rest(qtbot: QtBot, *panes: CityPane) -> None:
    """Until no view has drawn for a while (the first frames settle pictures and locators)."""
    seen: list[int] = []
    calm = 0

    def is_calm() -> bool:
        nonlocal seen, calm
        now = [pane.viewport.frame_times.n_frames for pane in panes]
        calm = calm + 1 if now == seen else 0
        seen = now
        return calm > 12

    qtbot.waitUntil(is_calm, timeout=20_000)
