"""Makes the further views of a console: in docks, as half of a comparison, on the wall."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint

from twin.theme import Theme
from viewer.city_pane import CityPane, PaneBase
from viewer.run_recorder import RunRecorder


class PaneMaker:
    """Each begins as the view beside it looks. GUI thread.

    Parameters
    ----------
    show_menu : opens the menu of a right click
    """

    def __init__(
        self,
        *,
        base: PaneBase,
        theme: Callable[[], Theme],
        show_menu: Callable[[tuple[CityPane, float, float, QPoint]], None],
    ) -> None:
        self._base, self._theme, self._show_menu = base, theme, show_menu

    def further(self, name: str, beside: CityPane) -> CityPane:
        """A view for a dock."""
        return self._follow(
            CityPane(name=name, base=self._base, theme=self._theme(), beside=beside)
        )

    def half(self, name: str, beside: CityPane) -> CityPane:
        """The left half of a comparison: without a line, which would move its picture."""
        return self._follow(
            CityPane(name=name, base=self._base, theme=self._theme(), beside=beside, is_bare=True)
        )

    def on_wall(
        self, name: str, beside: CityPane, *, scale: float, recorder: RunRecorder | None
    ) -> CityPane:
        """A view of the wall; one with a ``recorder`` gives the figures of a run."""
        pane = CityPane(
            name=name,
            base=self._base,
            theme=self._theme(),
            beside=beside,
            scale=scale,
            is_bare=True,
            recorder=recorder,
        )
        return self._follow(pane)

    def _follow(self, pane: CityPane) -> CityPane:
        pane.menu_requested.connect(self._show_menu)
        return pane
