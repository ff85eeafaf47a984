"""A report as a PDF: A4 pages with a contents, page numbers, vector drawings, own fonts.

Laid out here line by line instead of by a text document, so that no row is cut in its middle, a
heading never ends a page, and the pages of the contents are known. Works without a screen.

Hard-won rules (tests/viewer/test_report_pdf.py):

1. It is laid out twice: only then are the numbers in the contents and "of N" known.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPen
from PySide6.QtSvg import QSvgRenderer

from twin.reporting.document import Block, FactList, Paragraph, Picture, Report, Table
from twin.reporting.errors import ReportError
from twin.reporting.svg import FONT
from viewer.pdf_pages import HEIGHT_MM, INK, LINE, PdfPages, mm, with_spaces
from viewer.pdf_table import PdfTable

Tell = Callable[[float], None]
_MUTED, _BAD, _DRILL = "#5C666F", "#C4162A", "#2F6FDE"
_BODY_PT, _SMALL_PT = 9.5, 7.8


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
    tried = _Layout(first, report, _Known(), lambda part: tell(part / 2))
    known = _Known(tried.run(), tried.page_of)
    first.close()
    made = QBuffer()
    made.open(QIODevice.OpenModeFlag.WriteOnly)
    n_pages = _Layout(made, report, known, lambda part: tell(0.5 + part / 2)).run()
    made.close()
    try:
        path.write_bytes(with_spaces(bytes(made.data().data())))
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


class _Known:
    """What only a finished layout knows."""

    def __init__(self, n_pages: int = 0, page_of: Sequence[int] = ()) -> None:
        self.n_pages, self.page_of = n_pages, page_of


class _Layout:
    """Lays a report out onto a device, once."""

    def __init__(self, device: QIODevice, report: Report, known: _Known, tell: Tell) -> None:
        self._report, self._known, self._tell = report, known, tell
        self._pages = PdfPages(device, report.title, self._dress)
        self.page_of: list[int] = []

    def run(self) -> int:
        """Draw everything; the number of pages."""
        self._pages.begin()
        self._cover()
        n = len(self._report.sections)
        for number, section in enumerate(self._report.sections, 1):
            self._heading(f"{number}. {section.title}", section.blocks)
            self.page_of.append(self._pages.number)
            for block in section.blocks:
                self._block(block)
            self._tell(number / n)
        self._pages.end()
        return self._pages.number

    def _dress(self) -> None:
        """Title and number at the foot of a page, what it is not at its head."""
        pages = self._pages
        of = f" of {self._known.n_pages}" if self._known.n_pages else ""
        foot = mm(HEIGHT_MM - 9)
        pages.rule(mm(HEIGHT_MM - 13.5))
        title = pages.short(self._report.title, 0.8, _SMALL_PT)
        pages.words(pages.left, foot, title, _SMALL_PT, _MUTED)
        page = f"Page {pages.number}{of}"
        width = pages.metrics(_SMALL_PT).horizontalAdvance(page)
        pages.words(pages.left + pages.width - width, foot, page, _SMALL_PT, _MUTED)
        if self._report.notice:
            width = pages.metrics(_SMALL_PT, bold=True).horizontalAdvance(self._report.notice)
            x = pages.left + pages.width - width
            pages.words(x, mm(11), self._report.notice, _SMALL_PT, _DRILL, bold=True)

    def _cover(self) -> None:
        pages = self._pages
        for text in pages.wrapped(self._report.title, pages.width, 20.0, bold=True):
            pages.text_line(text, 20.0, bold=True)
        for text in pages.wrapped(self._report.subtitle, pages.width, 10.5):
            pages.text_line(text, 10.5, _MUTED)
        pages.y += mm(4)
        self._facts(self._report.head)
        pages.y += mm(3)
        pages.text_line("Contents", 11.0, bold=True)
        for number, section in enumerate(self._report.sections, 1):
            known = self._known.page_of
            page = str(known[number - 1]) if known else "00"
            pages.need(pages.height(_BODY_PT))
            y = pages.y + pages.metrics(_BODY_PT).ascent()
            pages.words(pages.left, y, f"{number}. {section.title}", _BODY_PT)
            width = pages.metrics(_BODY_PT).horizontalAdvance(page)
            pages.words(pages.left + mm(100) - width, y, page, _BODY_PT)
            pages.y += pages.height(_BODY_PT)
        pages.y += mm(3)

    def _heading(self, text: str, blocks: Sequence[Block]) -> None:
        """Never the last thing on a page: the beginning of what follows goes with it."""
        pages = self._pages
        first = blocks[0] if blocks else None
        follows = mm(22)
        if isinstance(first, Picture):
            follows = self._picture_size(first)[1]
        elif isinstance(first, FactList):
            follows = len(first.rows) * pages.height(_BODY_PT) * 1.2
        pages.need(pages.height(13.0) + mm(9) + min(follows, mm(150)))
        if pages.used > 0:
            pages.y += mm(5)
        pages.fill(mm(0.5), INK)
        pages.y += mm(2)
        pages.text_line(text, 13.0, bold=True)
        pages.y += mm(1.5)

    # --- blocks -------------------------------------------------------------------------------

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph():
                self._paragraph(block)
            case FactList():
                self._facts(block)
            case Picture():
                self._picture(block)
            case Table(rows=()):
                self._paragraph(Paragraph(f"{block.caption}: {block.empty}."))
            case Table():
                PdfTable(self._pages, block).draw()
        self._pages.y += mm(3)

    def _paragraph(self, block: Paragraph) -> None:
        pages = self._pages
        indent = mm(4) if block.is_warning else 0.0
        lines = pages.wrapped(block.text, pages.width - indent, _BODY_PT)
        pages.need(min(len(lines), 3) * pages.height(_BODY_PT))
        for text in lines:
            pages.need(pages.height(_BODY_PT))
            if block.is_warning:
                pages.fill(pages.height(_BODY_PT), _BAD, width=mm(1))
            pages.text_line(text, _BODY_PT, x=pages.left + indent)

    def _facts(self, facts: FactList) -> None:
        pages = self._pages
        names, height = mm(52), pages.height(_BODY_PT)
        for name, text in facts.rows:
            left = pages.wrapped(name, names - mm(3), _BODY_PT)
            right = pages.wrapped(text, pages.width - names, _BODY_PT)
            pages.need(min(max(len(left), len(right)), 20) * height)
            for n in range(max(len(left), len(right))):
                pages.need(height)
                y = pages.y + pages.metrics(_BODY_PT).ascent()
                if n < len(left):
                    pages.words(pages.left, y, left[n], _BODY_PT, _MUTED)
                if n < len(right):
                    pages.words(pages.left + names, y, right[n], _BODY_PT)
                pages.y += height
            pages.y += mm(0.6)

    def _picture_size(self, picture: Picture) -> tuple[float, float]:
        width, height = picture.size
        shown = self._pages.width
        high = shown * height / max(width, 1)
        most = mm(225)
        return (shown, high) if high <= most else (shown * most / high, most)

    def _picture(self, picture: Picture) -> None:
        pages = self._pages
        width, height = self._picture_size(picture)
        caption = pages.wrapped(picture.caption, pages.width, _SMALL_PT)
        pages.need(height + mm(2) + len(caption) * pages.height(_SMALL_PT))
        frame = QRectF(pages.left, pages.y, width, height)
        painter = pages.painter
        if picture.svg:
            svg = picture.svg.replace(FONT, pages.family)
            painter.setClipRect(frame)
            QSvgRenderer(QByteArray(svg.encode())).render(painter, frame)
            painter.setClipping(False)
        else:
            painter.drawImage(frame, QImage.fromData(picture.image))
        painter.setPen(QPen(QColor(LINE), mm(0.2)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)
        pages.y += height + mm(1.5)
        for text in caption:
            pages.text_line(text, _SMALL_PT, _MUTED)
