"""What keys do to the 3D views of a window: the camera, and full screen."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QWidget

from widgets.viewport import Viewport


class ViewHost(Protocol):
    """What the window asks of its views, where there may be several."""

    def press_key(self, name: str) -> None:
        """Let the camera of the active view do what a key does."""
        ...

    def toggle_full_screen(self) -> bool:
        """Give the active view a screen of its own, or back; False when it has no window."""
        ...

    def back_out(self) -> bool:
        """Leave what Esc leaves; False when there is nothing."""
        ...


class ViewKeys:
    """GUI thread.

    Attributes
    ----------
    host : who takes keys for the views, where there are several
    """

    def __init__(self, window: QWidget, view: Viewport) -> None:
        self.host: ViewHost | None = None
        self._window, self._view = window, view

    def press(self, name: str) -> None:
        """Let the camera controls do what a key does."""
        if self.host is None:
            self._view.send_key(name)
        else:
            self.host.press_key(name)

    def toggle_full_screen(self) -> None:
        """Give the active view a screen of its own, or the window all of its screen; or back."""
        if self.host is not None and self.host.toggle_full_screen():
            return
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def back_out(self) -> bool:
        """Esc: leave full screen; False when nothing fills one."""
        if self.host is not None and self.host.back_out():
            return True
        is_full = self._window.isFullScreen()
        if is_full:
            self._window.showNormal()
        return is_full
