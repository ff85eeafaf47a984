"""A4 pages of a PDF that are filled from the top: words, lines, and how much room is left.

Hard-won rules (tests/viewer/test_report_pdf.py):

1. Qt tells the readers of a PDF that a space is a tabulator (its map of a font's glyphs keeps the
   lowest letter of each), so that nobody finds two words; `with_spaces` puts the map right.
2. Ligatures are switched off: "ﬁ" in one glyph is not found by who looks for "fi".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QIODevice, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextLayout,
    QTextOption,
)

INK, LINE = "#1F2429", "#D5D9DD"
HEIGHT_MM = 297.0
_WIDTH_MM = 210.0
_MARGIN_MM, _TOP_MM, _BOTTOM_MM = 15.0, 17.0, 17.0
_DPI = 600
_FAMILIES = ("Inter", "Noto Sans", "Segoe UI", "DejaVu Sans")
_LIGATURES = ("liga", "clig", "dlig")
_RANGES = re.compile(rb"beginbfrange\n.*?endbfrange", re.DOTALL)
_LISTED = re.compile(rb"\[[^\]]*\]")
_SINGLE = re.compile(rb"(<([0-9A-Fa-f]{4})> <\2> )<0009>")


def mm(millimetres: float) -> float:
    """In dots of the page."""
    return millimetres / 25.4 * _DPI


def with_spaces(pdf: bytes) -> bytes:
    """The same file, with glyphs of a space told as a space; no byte moves."""

    def mend(found: re.Match[bytes]) -> bytes:
        listed = _LISTED.sub(lambda one: one[0].replace(b"<0009>", b"<0020>"), found[0])
        return _SINGLE.sub(rb"\1<0020>", listed)

    return _RANGES.sub(mend, pdf)


class PdfPages:
    """A document that is written from its first page to its last. Lengths in dots.

    Parameters
    ----------
    dress : draws what is on every page; called at the beginning of each

    Attributes
    ----------
    left, width, bottom : what may be written on
    y : where the next thing goes
    number : of this page, from 1 on
    family : of the letters
    painter : draws on this page
    """

    def __init__(self, device: QIODevice, title: str, dress: Callable[[], None]) -> None:
        self._writer = QPdfWriter(device)
        self._writer.setResolution(_DPI)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        self._writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        self._writer.setTitle(title)
        self._writer.setCreator("Civitwin")
        self._dress = dress
        there = set(QFontDatabase.families())
        self.family = next((one for one in _FAMILIES if one in there), QFont().family())
        self.left, self.width = mm(_MARGIN_MM), mm(_WIDTH_MM - 2 * _MARGIN_MM)
        self.bottom = mm(HEIGHT_MM - _BOTTOM_MM)
        self.y = mm(_TOP_MM)
        self.number = 1
        self._fonts: dict[tuple[float, bool], QFont] = {}

    def begin(self) -> None:
        """Start the first page."""
        self.painter = QPainter(self._writer)
        self._dress()

    def end(self) -> None:
        """Finish the document."""
        self.painter.end()

    # --- room ---------------------------------------------------------------------------------

    def next_page(self) -> None:
        """Go to a new page."""
        self._writer.newPage()
        self.number += 1
        self.y = mm(_TOP_MM)
        self._dress()

    def need(self, height: float) -> None:
        """Go to a new page unless so much is left on this one."""
        if self.y + height > self.bottom and self.used > 0:
            self.next_page()

    @property
    def used(self) -> float:
        """How much of this page is filled."""
        return self.y - mm(_TOP_MM)

    # --- text ---------------------------------------------------------------------------------

    def metrics(self, points: float, *, bold: bool = False) -> QFontMetricsF:
        """Measures of letters."""
        return QFontMetricsF(self._font(points, bold), self._writer)

    def height(self, points: float) -> float:
        """From one line of text to the next."""
        return points * 1.32 / 72 * _DPI

    def words(
        self, x: float, y: float, text: str, points: float, colour: str = INK, *,
        bold: bool = False,
    ) -> None:  # fmt: skip
        """Write at a place; ``y`` is where the letters stand."""
        self.painter.setFont(self._font(points, bold))
        self.painter.setPen(QColor(colour))
        self.painter.drawText(QPointF(x, y), text)

    def text_line(
        self, text: str, points: float, colour: str = INK, *, bold: bool = False,
        x: float | None = None,
    ) -> None:  # fmt: skip
        """Write the next line."""
        left = self.left if x is None else x
        y = self.y + self.metrics(points, bold=bold).ascent()
        self.words(left, y, text, points, colour, bold=bold)
        self.y += self.height(points)

    def wrapped(
        self, text: str, width: float, points: float, *, bold: bool = False
    ) -> list[str]:  # fmt: skip
        """Lines of a text that are no wider; a word that is too long is cut where it must be."""
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        lines: list[str] = []
        for paragraph in text.split("\n"):
            layout = QTextLayout(paragraph, self._font(points, bold), self._writer)
            layout.setTextOption(option)
            layout.beginLayout()
            n = 0
            while (line := layout.createLine()).isValid():
                line.setLineWidth(width)
                start = line.textStart()
                lines.append(paragraph[start : start + line.textLength()].rstrip())
                n += 1
            layout.endLayout()
            if not n:
                lines.append("")
        return lines

    def short(self, text: str, share: float, points: float) -> str:
        """A text cut to a share of the width."""
        elided = Qt.TextElideMode.ElideRight
        return self.metrics(points).elidedText(text, elided, self.width * share)

    def _font(self, points: float, bold: bool) -> QFont:
        font = self._fonts.get((points, bold))
        if font is None:
            font = QFont(self.family)
            font.setPointSizeF(points)
            font.setBold(bold)
            for name in _LIGATURES:
                font.setFeature(QFont.Tag(name), 0)
            self._fonts[(points, bold)] = font
        return font

    # --- lines and areas ----------------------------------------------------------------------

    def rule(self, y: float) -> None:
        """A thin line over the whole width."""
        line = QRectF(self.left, y - mm(0.1), self.width, mm(0.15))
        self.painter.fillRect(line, QColor(LINE))

    def fill(self, height: float, colour: str, *, width: float | None = None) -> None:
        """Fill an area from where the next thing goes; ``width`` None = all of it."""
        wide = self.width if width is None else width
        self.painter.fillRect(QRectF(self.left, self.y, wide, height), QColor(colour))
