"""Base of the dock panels: follows signals of the session and lets go of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from twin.acting import refusal_of
from twin.signals import Signal
from twin.theme import Theme
from widgets.panel import PanelContext
from widgets.parts.inks import Inks
from widgets.parts.labels import say

T = TypeVar("T")
FLY_DISTANCE_M = 220.0


class PanelWidget(QWidget):
    """A panel: `refresh` is called while visible, `release` once at the end. GUI thread."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.context = context
        self.session = context.session
        self.inks = Inks(context.theme)
        self._act_id = ""  # what this panel asked of the hub last
        self._disconnects: list[Callable[[], None]] = []
        self.follow(context.theme_changed, self.take_theme)

    def follow(self, signal: Signal[T], handler: Callable[[T], object]) -> None:
        """Connect for as long as the panel lives."""
        self._disconnects.append(signal.connect(handler))

    def scrolling_body(self, *, spacing: int) -> QVBoxLayout:
        """Fill the panel with a column that scrolls when it is too long; its layout."""
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(spacing)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        return layout

    def fly_to(self, xyz_local_m: tuple[float, float, float]) -> None:
        """Ask for the camera near a point."""
        self.session.fly_to_requested.emit((*xyz_local_m, FLY_DISTANCE_M))

    def tell_refusal(self, problem: QLabel) -> None:
        """Say, once, why the hub refused what this panel asked for last."""
        refused = refusal_of(self.session, self._act_id)
        if refused:
            self._act_id = ""
            say(problem, f"The hub refused: {refused}")

    def refresh(self) -> None:
        """Show what is new; panels with live content override it."""

    def release(self) -> None:
        """Let go of every signal."""
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects.clear()

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme in what the panel paints itself."""
        self.inks.change(theme)
        for child in (self, *self.findChildren(QWidget)):
            child.update()
