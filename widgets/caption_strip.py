"""A scene's caption and orders over a 3D view: seen through, and no hindrance to the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from twin.playback.cue_view import Caption
from twin.theme import Theme
from widgets.parts.caption_art import OrderLine, paint_caption


class CaptionStrip(QWidget):
    """Covers the whole of another widget and paints into its lower third. GUI thread."""

    def __init__(self, over: QWidget, theme: Theme) -> None:
        super().__init__(over)
        self._over, self._theme = over, theme
        self._caption, self._orders = Caption(), tuple[OrderLine, ...]()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        over.installEventFilter(self)
        self.setGeometry(over.rect())
        self.show()
        self.raise_()

    @property
    def words(self) -> Caption:
        """What is read now."""
        return self._caption

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self.update()

    def tell(self, caption: Caption, orders: tuple[OrderLine, ...]) -> None:
        """Show these words from now on."""
        if (caption, orders) == (self._caption, self._orders):
            return
        self._caption, self._orders = caption, orders
        self.setAccessibleName(" ".join(one for one in (caption.title, caption.text) if one))
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as what it covers."""
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._over.rect())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the words, nothing where there are none."""
        painter = QPainter(self)
        paint_caption(
            painter, self.width(), self.height(), self._caption, self._orders, self._theme
        )
        painter.end()
