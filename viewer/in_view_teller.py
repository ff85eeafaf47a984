"""Tells the "In view" panel what the scene shows. GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from scenes.in_view import InViewItem
from twin.session import Selection, TwinSession
from viewer.city_pane import CityPane
from widgets.in_view_list import InViewLine, InViewList


class InViewTeller:
    """Connects the scene to an `InViewList`.

    Parameters
    ----------
    active : the view that is told of
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        active: Callable[[], CityPane],
        told: InViewList,
    ) -> None:
        self._session = session
        self._active = active
        told.ask = self._lines
        told.version = lambda: (active().name, active().scene.camera.pose)

    def _lines(self) -> list[InViewLine]:
        pane = self._active()
        given = pane.driver.given
        if given is None:
            return []
        return [self._line(item) for item in pane.scene.items_in_view(given)]

    def _line(self, item: InViewItem) -> InViewLine:
        kind = item.kind.replace("_", " ").lower()
        far = _distance(item.distance_m)
        detail = f"{kind} · {far} {item.direction} · {item.where}"
        return InViewLine(
            title=item.name,
            detail=detail,
            text=f"{item.name}, {kind}, {item.where} of the picture, {far} {item.direction}",
            selection=self._selection(item),
            xyz_local_m=item.xyz_local_m,
        )

    def _selection(self, item: InViewItem) -> Selection:
        if item.group == "unit":
            return Selection(unit_id=item.id)
        if item.group == "thing":
            return Selection(thing_id=item.id)
        if item.group == "place":
            places = self._session.city.places
            feature = next((place.feature for place in places if place.id == item.id), -1)
            return Selection(feature=feature)
        return Selection(feature=item.feature)


def _distance(metres: float) -> str:
    if metres >= 995:
        return f"{metres / 1000:.1f} km"
    return f"{round(metres, -1):.0f} m" if metres >= 95 else f"{metres:.0f} m"
