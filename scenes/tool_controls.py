"""Pointer and keys while a tool is in hand: the tool first, else the camera."""

from __future__ import annotations

from scenes.city_scene import CityScene
from scenes.controls import Button, PointerControls
from scenes.tool import RELEASE

#: What Qt says for keys that write something.
_NAMES = {"\r": "Enter", "\n": "Enter", "\x08": "Backspace", "\x7f": "Backspace"}


class ToolControls(PointerControls):
    """`PointerControls` that hand the scene's tool in hand what it wants. GUI thread.

    A tool that drags gets the drags of the left button; with Shift or Ctrl held, and with the
    other buttons, the camera moves as ever. A double click goes to the tool and does not fly.
    """

    def __init__(self, scene: CityScene) -> None:
        super().__init__(scene)
        self._tools = scene.tools
        self._drags = False

    def press(
        self, button: Button, x: float, y: float, *, shift: bool = False, ctrl: bool = False
    ) -> bool:
        """Begin a drag of the tool or of the camera."""
        tool = self._tools.pointer
        takes_drags = tool is not None and tool.grip == "drag"
        self._drags = takes_drags and button == "left" and not (shift or ctrl)
        if self._drags:
            return self._tools.click(x, y)
        return super().press(button, x, y, shift=shift, ctrl=ctrl)

    def move(self, x: float, y: float) -> bool:
        """Go on with the drag."""
        return self._tools.move(x, y) if self._drags else super().move(x, y)

    def release(self) -> bool:
        """End; whether it was a click for the camera."""
        if not self._drags:
            return super().release()
        self._drags = False
        self._tools.key(RELEASE)
        return False

    @property
    def is_dragging(self) -> bool:
        """Whether hover cards wait: a drag is under way, or a tool is in hand."""
        return self._tools.pointer is not None or super().is_dragging

    def double_click(self, x: float, y: float) -> bool:
        """End what the tool draws, else fly there."""
        return self._tools.double_click(x, y) or super().double_click(x, y)

    def key(self, name: str) -> bool:
        """A key for the tool, else for the camera."""
        return self._tools.key(_NAMES.get(name, name)) or super().key(name)
