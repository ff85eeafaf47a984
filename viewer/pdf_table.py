"""Tables on the pages of a PDF: the head is repeated on each page, and no row is cut in two.

Hard-won rules (tests/viewer/test_report_pdf.py):

1. A row that is taller than a page is the only one that may be split, and by whole lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.reporting.document import Table
from viewer.pdf_pages import PdfPages, mm

_HEAD = "#ECEEF0"
_CELL_PT = 7.8
_CAPTION_PT = _CELL_PT + 0.7
_ASIDE, _ABOVE = mm(1.2), mm(0.9)


class PdfTable:
    """One table that has rows."""

    def __init__(self, pages: PdfPages, table: Table) -> None:
        self._pages, self._table = pages, table
        total = sum(column.share for column in table.columns)
        self._widths = [pages.width * column.share / total for column in table.columns]

    def draw(self) -> None:
        """Draw it from where the pages are."""
        pages, table = self._pages, self._table
        rows = [self._wrapped(row) for row in table.rows]
        caption = pages.wrapped(table.caption, pages.width, _CAPTION_PT, bold=True)
        begins = self._height([[""]]) + min(self._height(rows[0]), mm(60))
        pages.need(len(caption) * pages.height(_CAPTION_PT) + begins)
        for text in caption:
            pages.text_line(text, _CAPTION_PT, bold=True)
        pages.y += mm(1)
        self._head()
        for row in rows:
            self._row(row)

    def _wrapped(self, row: Sequence[str], *, bold: bool = False) -> list[list[str]]:
        return [
            self._pages.wrapped(cell, width - 2 * _ASIDE, _CELL_PT, bold=bold)
            for cell, width in zip(row, self._widths, strict=True)
        ]

    def _head(self) -> None:
        titles = self._wrapped([column.title for column in self._table.columns], bold=True)
        self._pages.fill(self._height(titles), _HEAD)
        self._cells(titles, bold=True)

    def _row(self, row: list[list[str]]) -> None:
        pages = self._pages
        while True:
            room = pages.bottom - pages.y
            if self._height(row) <= room:
                self._cells(row)
                return
            is_fresh = pages.used < mm(12)
            n = int((room - 2 * _ABOVE) / pages.height(_CELL_PT)) if is_fresh else 0
            if n > 0:  # taller than a page: as many lines as there is room for
                self._cells([cell[:n] for cell in row])
                row = [cell[n:] for cell in row]
            pages.next_page()
            self._head()

    def _cells(self, row: Sequence[Sequence[str]], *, bold: bool = False) -> None:
        pages = self._pages
        x, metrics = pages.left, pages.metrics(_CELL_PT, bold=bold)
        for column, width, lines in zip(self._table.columns, self._widths, row, strict=True):
            y = pages.y + _ABOVE + metrics.ascent()
            for text in lines:
                at = x + _ASIDE
                if column.align == "right":
                    at = x + width - _ASIDE - metrics.horizontalAdvance(text)
                pages.words(at, y, text, _CELL_PT, bold=bold)
                y += pages.height(_CELL_PT)
            x += width
        pages.y += self._height(row)
        pages.rule(pages.y)

    def _height(self, row: Sequence[Sequence[str]]) -> float:
        return max(max(map(len, row)), 1) * self._pages.height(_CELL_PT) + 2 * _ABOVE
