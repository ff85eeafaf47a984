"""Pointer and keys to camera moves, without any window system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from scenes.city_scene import CityScene

Button = Literal["left", "middle", "right"]

#: A press that moves less than this is a click.
CLICK_PX = 4.0
WHEEL_STEP = 0.84
KEY_PAN_PX = 80.0
KEY_TURN_RAD = 0.12


class PointerControls:
    """Turns pointer events into moves of ``scene.camera``. GUI thread.

    Left drag orbits about the point under the pointer (pans a plan), right or middle drag (or
    Shift + left) pans in the ground plane, the wheel zooms to the pointer, double click flies
    there.
    Pixels are device pixels from the top left. Methods that return bool say whether a frame
    should be drawn, except `release`.
    """

    def __init__(self, scene: CityScene) -> None:
        self._scene = scene
        self._mode = ""
        self._pressed_at = (0.0, 0.0)
        self._last = (0.0, 0.0)
        self._dragged = False

    def press(
        self, button: Button, x: float, y: float, *, shift: bool = False, ctrl: bool = False
    ) -> bool:
        """Begin a drag or a click."""
        pans = button != "left" or shift or ctrl or self._scene.camera.is_plan
        self._mode = "pan" if pans else "orbit"
        self._pressed_at = self._last = (x, y)
        self._dragged = False
        self._scene.camera.begin_drag(self._scene.ground_point(x, y))
        return False

    def move(self, x: float, y: float) -> bool:
        """Go on with a drag; without one nothing happens."""
        if not self._mode:
            return False
        dx, dy = x - self._pressed_at[0], y - self._pressed_at[1]
        if not self._dragged and dx * dx + dy * dy < CLICK_PX**2:
            return False
        self._dragged = True
        if self._mode == "pan":
            self._scene.camera.pan_px(self._last, (x, y))
        else:
            self._scene.camera.orbit_px(x - self._last[0], y - self._last[1])
        self._last = (x, y)
        return True

    def release(self) -> bool:
        """End; returns whether it was a click (hardly moved)."""
        was_click = bool(self._mode) and not self._dragged
        self._mode = ""
        self._scene.camera.end_drag()
        return was_click

    @property
    def is_dragging(self) -> bool:
        """Whether a drag is under way (hover cards wait)."""
        return bool(self._mode) and self._dragged

    def wheel(self, steps: float, x: float, y: float) -> bool:
        """Zoom to the pointer; positive steps go in."""
        self._scene.camera.zoom_at(WHEEL_STEP**steps, self._scene.ground_point(x, y))
        return True

    def double_click(self, x: float, y: float) -> bool:
        """Fly to the point under the pointer; False on the sky."""
        hit = self._scene.pick(x, y)
        if hit is None:
            return False
        self._scene.camera.fly_to(hit.xyz_local_m, self._scene.camera.distance_m * 0.35)
        return True

    def key(self, name: str) -> bool:
        """Handle "Home", "F", "N" (north up), "T" (from above), "P" (plan), arrows, "+", "-"…"""
        camera = self._scene.camera
        actions: dict[str, Callable[[], None]] = {
            "Home": camera.home,
            "N": camera.north_up,
            "T": camera.top_view,
            "Left": lambda: camera.pan_by_px(-KEY_PAN_PX, 0.0),
            "Right": lambda: camera.pan_by_px(KEY_PAN_PX, 0.0),
            "Up": lambda: camera.pan_by_px(0.0, KEY_PAN_PX),
            "Down": lambda: camera.pan_by_px(0.0, -KEY_PAN_PX),
            "+": lambda: camera.zoom_at(WHEEL_STEP, None),
            "-": lambda: camera.zoom_at(1 / WHEEL_STEP, None),
            "PageUp": lambda: camera.turn(0.0, KEY_TURN_RAD),
            "PageDown": lambda: camera.turn(0.0, -KEY_TURN_RAD),
            "[": lambda: camera.turn(-KEY_TURN_RAD, 0.0),
            "]": lambda: camera.turn(KEY_TURN_RAD, 0.0),
            "P": lambda: camera.set_plan(not camera.is_plan),
        }
        if name == "F":
            return self._scene.frame_selection()
        action = actions.get(name)
        if action is None:
            return False
        action()
        return True

    def tick(self, dt_s: float) -> bool:
        """Advance flights by ``dt_s``; True while the camera is moving."""
        return self._scene.camera.tick(dt_s)
