"""The console's own icons: stroke SVGs of 24 × 24 in ``resources/icons``, tinted when loaded."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_RATIOS = (1, 2, 3)


def icon_names() -> tuple[str, ...]:
    """Names of all icons, sorted."""
    folder = files("resources").joinpath("icons")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n[:-4] for n in names if n.endswith(".svg") and not n.startswith("glyph-")))


def icon_path(name: str) -> str:
    """Where an icon's file lies, with forward slashes (for style sheets)."""
    return str(files("resources").joinpath("icons", f"{name}.svg")).replace("\\", "/")


@lru_cache(maxsize=256)
def _svg(name: str) -> str:
    path = files("resources").joinpath("icons", f"{name}.svg")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def pixmap(name: str, colour: str, size_px: int = 16, ratio: float = 1.0) -> QPixmap:
    """One icon in one colour; an empty picture for an unknown name.

    Parameters
    ----------
    colour : "#RRGGBB", takes the place of ``currentColor``
    size_px : logical pixels; the picture has ``size_px * ratio`` device pixels
    """
    picture = QPixmap(QSize(round(size_px * ratio), round(size_px * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    text = _svg(name).replace("currentColor", colour)
    if text:
        painter = QPainter(picture)
        area = QRectF(0, 0, picture.width(), picture.height())
        QSvgRenderer(QByteArray(text.encode())).render(painter, area)
        painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def icon(name: str, colour: str, size_px: int = 16, *, active: str = "") -> QIcon:
    """An icon sharp on every screen; `active` colours its "on" state (a checked button)."""
    made = QIcon()
    for ratio in _RATIOS:
        made.addPixmap(pixmap(name, colour, size_px, ratio))
        if active:
            on = pixmap(name, active, size_px, ratio)
            made.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
    return made
