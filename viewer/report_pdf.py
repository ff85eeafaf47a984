"""A report as a PDF: A4 pages with repeated table heads, page numbers, vector drawings, own fonts.

Laid out here line by line instead of by a text document, so that no row is cut in its middle, a
heading never ends a page, and the pages of the contents are known. Works without a screen.

Hard-won rules (tests/viewer/test_report_pdf.py):

1. It is laid out twice: only then are the numbers in the contents and "of N" known.
2. Qt tells the readers of a PDF that a space is a tabulator (its map of a font's glyphs keeps the
   lowest letter of each), so that nobody finds two words; the map is put right afterwards.
3. A row that is taller than a page is the only one that may be split, and by whole lines.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextLayout,
    QTextOption,
)
from PySide6.QtSvg import QSvgRenderer

from twin.reporting.document import Block, FactList, Paragraph, Picture, Report, Table
from twin.reporting.errors import ReportError
from twin.reporting.svg import FONT

_LIGATURES = ("liga", "clig", "dlig")
_RANGES = re.compile(rb"beginbfrange\n.*?endbfrange", re.DOTALL)
_LISTED = re.compile(rb"\[[^\]]*\]")
_SINGLE = re.compile(rb"(<([0-9A-Fa-f]{4})> <\2> )<0009>")
Tell = Callable[[float], None]
_DPI = 600
_FAMILIES = ("Inter", "Noto Sans", "Segoe UI", "DejaVu Sans")
_INK, _MUTED, _LINE, _HEAD, _BAD, _DRILL = (
    "#1F2429", "#5C666F", "#D5D9DD", "#ECEEF0", "#C4162A", "#2F6FDE",
)  # fmt: skip
_MARGIN_MM, _TOP_MM, _BOTTOM_MM = 15.0, 17.0, 17.0
_WIDTH_MM, _HEIGHT_MM = 210.0, 297.0
_BODY_PT, _CELL_PT, _SMALL_PT = 9.5, 7.8, 7.8


def write_pdf(path: Path, report: Report, tell: Tell = lambda _: None) -> int:
    """Write it; the number of pages. In a process without a window it needs no screen.

    Raises
    ------
    ReportError
        The file cannot be written.
    """
    application = _application()
    first = QBuffer()
    first.open(QIODevice.OpenModeFlag.WriteOnly)
    tried = _Pages(first, report, _Known(), lambda part: tell(part / 2))
    known = _Known(tried.run(), tried.page_of)
    first.close()
    made = QBuffer()
    made.open(QIODevice.OpenModeFlag.WriteOnly)
    n_pages = _Pages(made, report, known, lambda part: tell(0.5 + part / 2)).run()
    made.close()
    try:
        path.write_bytes(_with_spaces(bytes(made.data().data())))
    except OSError as error:
        raise ReportError(f"The report cannot be written ({error.strerror}): {path}") from error
    del application
    return n_pages


def _application() -> QGuiApplication | None:
    """One to draw with, where there is none yet; kept by whoever asked."""
    if QGuiApplication.instance() is not None:
        return None
    if sys.platform == "linux":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QGuiApplication(["civitwin"])


def _with_spaces(pdf: bytes) -> bytes:
    """The same, with glyphs of a space told as a space; no byte moves."""

    def mend(found: re.Match[bytes]) -> bytes:
        listed = _LISTED.sub(lambda one: one[0].replace(b"<0009>", b"<0020>"), found[0])
        return _SINGLE.sub(rb"\1<0020>", listed)

    return _RANGES.sub(mend, pdf)


class _Known:
    """What only a finished layout knows."""

    def __init__(self, n_pages: int = 0, page_of: Sequence[int] = ()) -> None:
        self.n_pages, self.page_of = n_pages, page_of


def _mm(millimetres: float) -> float:
    return millimetres / 25.4 * _DPI


class _Pages:
    """Lays a report out onto a device, once."""

    def __init__(self, device: QIODevice, report: Report, known: _Known, tell: Tell) -> None:
        self._report, self._known, self._tell = report, known, tell
        self._writer = QPdfWriter(device)
        self._writer.setResolution(_DPI)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        self._writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        self._writer.setTitle(report.title)
        self._writer.setCreator("Civitwin")
        there = set(QFontDatabase.families())
        self._family = next((one for one in _FAMILIES if one in there), QFont().family())
        self._left, self._width = _mm(_MARGIN_MM), _mm(_WIDTH_MM - 2 * _MARGIN_MM)
        self._bottom = _mm(_HEIGHT_MM - _BOTTOM_MM)
        self._y = _mm(_TOP_MM)
        self._page = 1
        self.page_of: list[int] = []
        self._fonts: dict[tuple[float, bool], QFont] = {}

    def run(self) -> int:
        """Draw everything; the number of pages."""
        self._painter = QPainter(self._writer)
        self._begin_page()
        self._cover()
        n = len(self._report.sections)
        for number, section in enumerate(self._report.sections, 1):
            self._heading(f"{number}. {section.title}", section.blocks)
            self.page_of.append(self._page)
            for block in section.blocks:
                self._block(block)
            self._tell(number / n)
        self._painter.end()
        return self._page

    # --- pages --------------------------------------------------------------------------------

    def _begin_page(self) -> None:
        self._y = _mm(_TOP_MM)
        of = f" of {self._known.n_pages}" if self._known.n_pages else ""
        foot = _mm(_HEIGHT_MM - 9)
        self._line(_mm(_HEIGHT_MM - 13.5))
        self._words(self._left, foot, self._short(self._report.title, 0.8), _SMALL_PT, _MUTED)
        page = f"Page {self._page}{of}"
        width = self._metrics(_SMALL_PT).horizontalAdvance(page)
        self._words(self._left + self._width - width, foot, page, _SMALL_PT, _MUTED)
        if self._report.notice:
            width = self._metrics(_SMALL_PT, bold=True).horizontalAdvance(self._report.notice)
            x = self._left + self._width - width
            self._words(x, _mm(11), self._report.notice, _SMALL_PT, _DRILL, bold=True)

    def _next_page(self) -> None:
        self._writer.newPage()
        self._page += 1
        self._begin_page()

    def _need(self, height: float) -> None:
        """Go to a new page unless so much is left on this one."""
        if self._y + height > self._bottom and self._y > _mm(_TOP_MM):
            self._next_page()

    # --- blocks -------------------------------------------------------------------------------

    def _cover(self) -> None:
        for text in self._wrapped(self._report.title, self._width, 20.0, bold=True):
            self._text_line(text, 20.0, bold=True)
        for text in self._wrapped(self._report.subtitle, self._width, 10.5):
            self._text_line(text, 10.5, _MUTED)
        self._y += _mm(4)
        self._facts(self._report.head)
        self._y += _mm(3)
        self._text_line("Contents", 11.0, bold=True)
        for number, section in enumerate(self._report.sections, 1):
            known = self._known.page_of
            page = str(known[number - 1]) if known else "00"
            self._need(self._height(_BODY_PT))
            y = self._y + self._metrics(_BODY_PT).ascent()
            self._words(self._left, y, f"{number}. {section.title}", _BODY_PT)
            width = self._metrics(_BODY_PT).horizontalAdvance(page)
            self._words(self._left + _mm(100) - width, y, page, _BODY_PT)
            self._y += self._height(_BODY_PT)
        self._y += _mm(3)

    def _heading(self, text: str, blocks: Sequence[Block]) -> None:
        """Never the last thing on a page: the beginning of what follows goes with it."""
        first = blocks[0] if blocks else None
        follows = _mm(22)
        if isinstance(first, Picture):
            follows = self._picture_size(first)[1]
        elif isinstance(first, FactList):
            follows = len(first.rows) * self._height(_BODY_PT) * 1.2
        self._need(self._height(13.0) + _mm(9) + min(follows, _mm(150)))
        if self._y > _mm(_TOP_MM):
            self._y += _mm(5)
        self._painter.fillRect(QRectF(self._left, self._y, self._width, _mm(0.5)), QColor(_INK))
        self._y += _mm(2)
        self._text_line(text, 13.0, bold=True)
        self._y += _mm(1.5)

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph():
                self._paragraph(block)
            case FactList():
                self._facts(block)
            case Picture():
                self._picture(block)
            case Table():
                self._table(block)
        self._y += _mm(3)

    def _paragraph(self, block: Paragraph) -> None:
        indent = _mm(4) if block.is_warning else 0.0
        lines = self._wrapped(block.text, self._width - indent, _BODY_PT)
        self._need(min(len(lines), 3) * self._height(_BODY_PT))
        for text in lines:
            self._need(self._height(_BODY_PT))
            if block.is_warning:
                bar = QRectF(self._left, self._y, _mm(1), self._height(_BODY_PT))
                self._painter.fillRect(bar, QColor(_BAD))
            self._text_line(text, _BODY_PT, x=self._left + indent)

    def _facts(self, facts: FactList) -> None:
        names = _mm(52)
        for name, text in facts.rows:
            left = self._wrapped(name, names - _mm(3), _BODY_PT)
            right = self._wrapped(text, self._width - names, _BODY_PT)
            height = self._height(_BODY_PT)
            self._need(min(max(len(left), len(right)), 20) * height)
            for n in range(max(len(left), len(right))):
                self._need(height)
                y = self._y + self._metrics(_BODY_PT).ascent()
                if n < len(left):
                    self._words(self._left, y, left[n], _BODY_PT, _MUTED)
                if n < len(right):
                    self._words(self._left + names, y, right[n], _BODY_PT)
                self._y += height
            self._y += _mm(0.6)

    def _picture_size(self, picture: Picture) -> tuple[float, float]:
        width, height = picture.size
        shown = min(self._width, self._width * 1.0)
        high = shown * height / max(width, 1)
        most = _mm(225)
        return (shown, high) if high <= most else (shown * most / high, most)

    def _picture(self, picture: Picture) -> None:
        width, height = self._picture_size(picture)
        caption = self._wrapped(picture.caption, self._width, _SMALL_PT)
        self._need(height + _mm(2) + len(caption) * self._height(_SMALL_PT))
        frame = QRectF(self._left, self._y, width, height)
        if picture.svg:
            svg = picture.svg.replace(FONT, self._family)
            self._painter.setClipRect(frame)
            QSvgRenderer(QByteArray(svg.encode())).render(self._painter, frame)
            self._painter.setClipping(False)
        else:
            self._painter.drawImage(frame, QImage.fromData(picture.image))
        self._painter.setPen(QPen(QColor(_LINE), _mm(0.2)))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRect(frame)
        self._y += height + _mm(1.5)
        for text in caption:
            self._text_line(text, _SMALL_PT, _MUTED)

    # --- tables -------------------------------------------------------------------------------

    def _table(self, table: Table) -> None:
        if not table.rows:
            self._paragraph(Paragraph(f"{table.caption}: {table.empty}."))
            return
        total = sum(column.share for column in table.columns)
        widths = [self._width * column.share / total for column in table.columns]
        pad = _mm(1.2)
        rows = [
            [
                self._wrapped(cell, width - 2 * pad, _CELL_PT)
                for cell, width in zip(row, widths, strict=True)
            ]
            for row in table.rows
        ]
        first = self._row_height(rows[0])
        caption = self._wrapped(table.caption, self._width, _CELL_PT + 0.7, bold=True)
        head = self._row_height([[""]])
        self._need(len(caption) * self._height(_CELL_PT + 0.7) + head + min(first, _mm(60)))
        for text in caption:
            self._text_line(text, _CELL_PT + 0.7, bold=True)
        self._y += _mm(1)
        self._table_head(table, widths)
        for row in rows:
            self._table_row(table, widths, row)

    def _table_head(self, table: Table, widths: Sequence[float]) -> None:
        titles = [
            self._wrapped(column.title, width - 2 * _mm(1.2), _CELL_PT, bold=True)
            for column, width in zip(table.columns, widths, strict=True)
        ]
        height = self._row_height(titles)
        self._painter.fillRect(QRectF(self._left, self._y, self._width, height), QColor(_HEAD))
        self._cells(table, widths, titles, bold=True)

    def _table_row(self, table: Table, widths: Sequence[float], row: list[list[str]]) -> None:
        while True:
            room = self._bottom - self._y
            if self._row_height(row) <= room:
                self._cells(table, widths, row)
                return
            is_fresh = self._y < _mm(_TOP_MM) + _mm(12)
            n = int((room - 2 * _mm(0.9)) / self._height(_CELL_PT)) if is_fresh else 0
            if n > 0:  # taller than a page: as many lines as there is room for
                self._cells(table, widths, [cell[:n] for cell in row])
                row = [cell[n:] for cell in row]
            self._next_page()
            self._table_head(table, widths)

    def _cells(
        self, table: Table, widths: Sequence[float], row: Sequence[Sequence[str]], *,
        bold: bool = False,
    ) -> None:  # fmt: skip
        x, metrics = self._left, self._metrics(_CELL_PT, bold=bold)
        for column, width, lines in zip(table.columns, widths, row, strict=True):
            y = self._y + _mm(0.9) + metrics.ascent()
            for text in lines:
                at = x + _mm(1.2)
                if column.align == "right":
                    at = x + width - _mm(1.2) - metrics.horizontalAdvance(text)
                self._words(at, y, text, _CELL_PT, bold=bold)
                y += self._height(_CELL_PT)
            x += width
        self._y += self._row_height(row)
        self._line(self._y)

    def _row_height(self, row: Sequence[Sequence[str]]) -> float:
        return max(max(map(len, row)), 1) * self._height(_CELL_PT) + 2 * _mm(0.9)

    # --- text ---------------------------------------------------------------------------------

    def _font(self, points: float, bold: bool) -> QFont:
        font = self._fonts.get((points, bold))
        if font is None:
            font = QFont(self._family)
            font.setPointSizeF(points)
            font.setBold(bold)
            for name in _LIGATURES:  # "ﬁ" in one glyph is not found by who looks for "fi"
                font.setFeature(QFont.Tag(name), 0)
            self._fonts[(points, bold)] = font
        return font

    def _metrics(self, points: float, *, bold: bool = False) -> QFontMetricsF:
        return QFontMetricsF(self._font(points, bold), self._writer)

    def _height(self, points: float) -> float:
        return points * 1.32 / 72 * _DPI

    def _words(
        self, x: float, y: float, text: str, points: float, colour: str = _INK, *,
        bold: bool = False,
    ) -> None:  # fmt: skip
        self._painter.setFont(self._font(points, bold))
        self._painter.setPen(QColor(colour))
        self._painter.drawText(QPointF(x, y), text)

    def _text_line(
        self, text: str, points: float, colour: str = _INK, *, bold: bool = False,
        x: float | None = None,
    ) -> None:  # fmt: skip
        left = self._left if x is None else x
        y = self._y + self._metrics(points, bold=bold).ascent()
        self._words(left, y, text, points, colour, bold=bold)
        self._y += self._height(points)

    def _line(self, y: float) -> None:
        line = QRectF(self._left, y - _mm(0.1), self._width, _mm(0.15))
        self._painter.fillRect(line, QColor(_LINE))

    def _wrapped(
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

    def _short(self, text: str, share: float) -> str:
        metrics = self._metrics(_SMALL_PT)
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, self._width * share)
