"""What a click in a 3D view does: it selects, opens, tells, or answers a form."""

from __future__ import annotations

from collections.abc import Callable

from scenes.city_scene import CityScene
from scenes.pick import Pick
from twin.session import NOTHING, Selection, TwinSession

#: A badge that is clicked fills so much of the picture: its spread times this is the distance, at
#: most this share of the one before, and never nearer than this, metres.
BADGE_SPREADS, BADGE_SHARE, NEAREST_BADGE_M = 3.0, 0.6, 25.0


class PickDriver:
    """Brings picks of one view to the session. GUI thread.

    Parameters
    ----------
    hurry : has the view drawn with the next tick
    """

    def __init__(
        self, *, session: TwinSession, scene: CityScene, hurry: Callable[[], None]
    ) -> None:
        self._session, self._scene, self._hurry = session, scene, hurry

    def click(self, at_px: tuple[float, float]) -> None:
        """A click on the picture: the tool in hand takes it, else it picks."""
        if self._scene.tools.click(*at_px):
            self._hurry()
            return
        self.take(self._scene.pick(*at_px))

    def take(self, pick: Pick | None) -> None:
        """Select what was picked; ground is marked where it was, a badge opens, a mark tells.

        Where a form asked for a place, the click gives it that in place of selecting.
        """
        if pick is not None and self._session.give_point(pick.xyz_local_m):
            return
        if pick is not None and pick.n_stood_for:
            self._open_badge(pick)
            return
        if pick is not None and pick.mark_id:
            self._session.mark_inspected.emit(pick.mark_id)
            return
        if pick is not None and pick.alarm_id:
            self._session.alarm_inspected.emit(pick.alarm_id)
            return
        if pick is not None and pick.incident_id:
            self._session.inspect_incident(pick.incident_id)
            return
        if pick is not None:
            self._scene.keep_picked(pick)
            self._hurry()
        self._session.select(selection_from_pick(pick))

    def _open_badge(self, badge: Pick) -> None:
        """Go so near that what a badge stands for is seen apart; nearer with each click."""
        now_m = self._scene.camera.distance_m
        if now_m <= 1.05 * NEAREST_BADGE_M:
            self._session.message.emit(
                f"{badge.n_stood_for} sensors stand at one place; the panel Sensors lists each"
            )
            return
        distance_m = min(BADGE_SPREADS * badge.spread_m, BADGE_SHARE * now_m)
        x, y, z = badge.xyz_local_m
        self._session.fly_to_requested.emit((x, y, z, max(distance_m, NEAREST_BADGE_M)))


def selection_from_pick(pick: Pick | None) -> Selection:
    """What a click selects: a symbol before a building, nothing for bare ground and sky."""
    if pick is None or pick.is_ground:
        return NOTHING
    if pick.unit_id:
        return Selection(unit_id=pick.unit_id)
    if pick.thing_id:
        return Selection(thing_id=pick.thing_id)
    return Selection(feature=pick.feature)
