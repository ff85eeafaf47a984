"""Pointer while a source is being placed: drag carries it over the ground, Shift-drag turns it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from scenes.city_scene import CityScene
from scenes.controls import Button
from scenes.tool_controls import ToolControls
from scenes.view import View
from twin.city.scene_file import Placement

#: Degrees of turn a pixel.
_TURN_DEG_PER_PX = 0.4


@dataclasses.dataclass(slots=True)
class Carried:
    """What is carried: where it stands, its half width, and who is told of a new place."""

    place: Placement
    height_m: float
    tell: Callable[[Placement], None]


class CarryControls(ToolControls):
    """`ToolControls` that let go of the camera while a source is carried. GUI thread.

    Attributes
    ----------
    carried : None = nothing is being placed
    """

    def __init__(self, scene: CityScene, view: Callable[[], View]) -> None:
        super().__init__(scene)
        self.carried: Carried | None = None
        self._view = view
        self._from: tuple[float, float] | None = None
        self._begun: Placement | None = None
        self._turns = False

    def press(
        self, button: Button, x: float, y: float, *, shift: bool = False, ctrl: bool = False
    ) -> bool:
        """Begin to carry or turn, else what is usual; with Ctrl the camera moves as ever."""
        if self.carried is None or button != "left" or ctrl:
            return super().press(button, x, y, shift=shift, ctrl=ctrl)
        self._from, self._begun, self._turns = (x, y), self.carried.place, shift
        return False

    def move(self, x: float, y: float) -> bool:
        """Go on carrying."""
        if self._from is None or self._begun is None or self.carried is None:
            return super().move(x, y)
        if self._turns:
            turn = (self._begun.turn_deg + _TURN_DEG_PER_PX * (x - self._from[0])) % 360.0
            self._tell(dataclasses.replace(self._begun, turn_deg=round(turn, 1)))
            return True
        start, now = self._ground(*self._from), self._ground(x, y)
        if start is not None and now is not None:
            east, north = (now - start)[:2]
            self._tell(
                dataclasses.replace(
                    self._begun,
                    east_m=round(self._begun.east_m + float(east), 2),
                    north_m=round(self._begun.north_m + float(north), 2),
                )
            )
        return True

    def release(self) -> bool:
        """Set down; never a click for the scene."""
        if self._from is None:
            return super().release()
        self._from = self._begun = None
        return False

    def _tell(self, place: Placement) -> None:
        if self.carried is not None:
            self.carried.place = place
            self.carried.tell(place)

    def _ground(self, x_px: float, y_px: float) -> np.ndarray | None:
        """Point of the level on which it is carried, None above the horizon."""
        view = self._view()
        begin, ray = view.ray_from(x_px, y_px)
        if self.carried is None or ray[2] > -1e-3:
            return None
        reach = (self.carried.height_m - begin[2]) / ray[2]
        point: np.ndarray = begin + ray * reach
        return point if reach > 0 else None
