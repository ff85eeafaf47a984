"""What a report consists of, whatever it is written as: paragraphs, tables, pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences; a warning stands out."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class FactList:
    """What is called how: pairs of a name and a text."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``share`` of the width compared with the others'."""

    title: str
    share: float = 1.0
    align: Align = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a row of titles that is repeated on every page.

    Attributes
    ----------
    caption : what it shows, one sentence
    rows : texts; a line break in a cell begins a new line
    empty : is said in its place when there are no rows
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "There are none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing (SVG) or a picture (JPEG, PNG).

    Attributes
    ----------
    alt : what it shows, for who cannot see it
    size : width and height in units of the drawing, or pixels
    """

    caption: str
    alt: str
    size: tuple[int, int]
    svg: str = ""
    image: bytes = b""
    kind: str = "image/jpeg"


Block: TypeAlias = Paragraph | FactList | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report.

    Attributes
    ----------
    notice : stands on every page, e.g. that it was a drill; "" = nothing
    subtitle : place and time, one line
    head : the facts on the first page
    language : of the texts
    """

    title: str
    subtitle: str
    notice: str = ""
    head: FactList = field(default_factory=lambda: FactList(()))
    sections: tuple[Section, ...] = ()
    language: str = "en"

    def blocks(self) -> Iterator[Block]:
        """All blocks in order."""
        for section in self.sections:
            yield from section.blocks
