"""XML read piece by piece: no entities, no network, memory as large as one city object."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import SNIFF_BYTES, Progress

if TYPE_CHECKING:
    from lxml import etree

#: An element of lxml, which publishes no types.
Element = Any

CHUNK_BYTES = 1 << 18
#: A gzip may unpack to this, and to so many times what was read of it: bombs do a thousandfold.
MAX_UNPACKED_BYTES, MAX_GZIP_RATIO = 64 << 20, 200
_GZIP = b"\x1f\x8b"
_CUT_OFF = ("ERR_TAG_NOT_FINISHED", "ERR_GT_REQUIRED", "ERR_LT_IN_ATTRIBUTE", "ERR_DOCUMENT_END")
#: Namespaces that are no good URI, or none: nothing that a city object depends on.
_HARMLESS = re.compile(r"WAR_|NS_")
_WORDS = {
    "ERR_INVALID_ENCODING": "Bytes that are no text in the file's encoding were replaced",
    "ERR_INVALID_CHAR": "Characters that XML does not allow were left out",
    "ERR_UNSUPPORTED_ENCODING": "The file names an unknown encoding; read as UTF-8",
}


@lru_cache(maxsize=65_536)
def local_name(tag: str) -> str:
    """Name without its namespace, or without its prefix where nobody declared that."""
    return tag.rpartition("}")[2].rpartition(":")[2]


def attribute(element: Element, name: str) -> str:
    """Value of an attribute in any namespace, "" for none."""
    found = element.get(name)
    if found is not None:
        return str(found)
    for key, value in element.attrib.items():
        if local_name(key) == name:
            return str(value)
    return ""


def children(element: Element) -> Iterator[tuple[str, Element]]:
    """Child elements with their local names; comments and instructions are left out."""
    for child in element:
        if isinstance(child.tag, str):
            yield local_name(child.tag), child


def unpacked_head(head: bytes) -> bytes:
    """Text of the first bytes of a file: unzipped, and UTF-16 made readable as ASCII."""
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, SNIFF_BYTES)
        except zlib.error:
            return b""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.replace(b"\x00", b"")
    return head


class XmlStream:
    """Ends of the wanted elements of a file, in document order. One thread.

    The caller empties an element when it is done with it; what it leaves stays in memory.

    Parameters
    ----------
    tags : local names, in any namespace
    """

    def __init__(self, path: Path, tags: tuple[str, ...], tally: Tally, *, reader_id: str) -> None:
        self._path = path
        self._tags = [f"{{*}}{name}" for name in tags]
        self._tally = tally
        self._reader_id = reader_id
        #: The outermost element, once the file was read.
        self.root: Element | None = None
        #: Whether the elements that come now were open at the end of the file: half read.
        self.is_cut_off = False

    def ends(self, progress: Progress) -> Iterator[tuple[str, Element]]:
        """Local name and element, after each wanted end tag.

        Raises
        ------
        ReadError
            The file declares entities, or is no XML at all.
        """
        parser = _parser(("end",), self._tags)
        with self._path.open("rb") as raw:
            for chunk in self._chunks(raw, progress):
                parser.feed(chunk)
                yield from _events(parser)
        self.is_cut_off = True
        self.root = self._closed(parser)
        yield from _events(parser)
        self._name_errors(parser)

    def _chunks(self, raw: BinaryIO, progress: Progress) -> Iterator[bytes]:
        is_packed = raw.read(2) == _GZIP
        raw.seek(0)
        size, n_read = max(1, self._path.stat().st_size), 0
        for chunk in (
            self._unpacked(raw) if is_packed else iter(partial(raw.read, CHUNK_BYTES), b"")
        ):
            if not n_read:
                self._refuse_entities(chunk)
            yield chunk
            progress(min(1.0, raw.tell() / size))
            n_read += len(chunk)
            if n_read > MAX_UNPACKED_BYTES + MAX_GZIP_RATIO * raw.tell():
                raise self._error("The file unpacks to more than a city can be")
        if not n_read:
            raise self._error("The file is not XML, so it is no CityGML")

    def _unpacked(self, raw: BinaryIO) -> Iterator[bytes]:
        """Content of a gzip (also of several in a row), up to where it breaks off."""
        unpacker = zlib.decompressobj(wbits=31)
        waiting = raw.read(CHUNK_BYTES)
        try:
            while waiting:
                piece = unpacker.decompress(waiting, CHUNK_BYTES)
                if piece:
                    yield piece
                waiting = unpacker.unconsumed_tail or unpacker.unused_data or raw.read(CHUNK_BYTES)
                if unpacker.eof and waiting:
                    unpacker = zlib.decompressobj(wbits=31)
            rest = unpacker.flush()
            if rest:
                yield rest
        except zlib.error:
            pass
        if not unpacker.eof:
            self._tally.add("truncated", "The packed file is cut off or broken; read what is there")

    def _refuse_entities(self, head: bytes) -> None:
        """Nothing is ever expanded; a file that tries is refused, for nobody could trust it."""
        parser = _parser(("start",), None)
        parser.feed(head)
        root = next((element for _, element in parser.read_events()), None)
        if root is None:
            if b"<!ENTITY" in head or b"<!DOCTYPE" in head:
                raise self._error("The file's DOCTYPE is longer than the file may have one")
            raise self._error("The file is not XML, so it is no CityGML")
        declared = root.getroottree().docinfo.internalDTD
        if declared is not None and next(iter(declared.iterentities()), None) is not None:
            raise self._error(
                "The file declares XML entities, which can hide other files or endless text; "
                "remove its DOCTYPE"
            )

    def _closed(self, parser: etree.XMLPullParser) -> Element:
        from lxml import etree

        try:
            return parser.close()
        except etree.XMLSyntaxError as error:
            raise self._error("The file is not XML, so it is no CityGML") from error

    def _name_errors(self, parser: etree.XMLPullParser) -> None:
        for error in parser.feed_error_log:
            kind = error.type_name
            if _HARMLESS.search(kind):
                continue
            if kind in _CUT_OFF or "Premature end" in error.message:
                self._tally.add("truncated", "The file ends too early; read what is there")
            elif kind == "ERR_RESOURCE_LIMIT":
                raise self._error("The file is nested too deeply to be a city")
            else:
                words = _WORDS.get(kind, "The XML has errors; read as far as they allow")
                self._tally.add(_kind_of(kind), words)

    def _error(self, sentence: str) -> ReadError:
        return ReadError(sentence, path=self._path, reader_id=self._reader_id)


def _kind_of(libxml_name: str) -> str:
    return "bad-encoding" if libxml_name in _WORDS else "bad-xml"


def _parser(events: tuple[str, ...], tags: list[str] | None) -> etree.XMLPullParser:
    from lxml import etree

    return etree.XMLPullParser(
        events=events,
        tag=tags,
        recover=True,  # undeclared prefixes and cut-off files are common
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,  # libxml2's own bounds on depth and length stay
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _events(parser: etree.XMLPullParser) -> Iterator[tuple[str, Element]]:
    for _, element in parser.read_events():
        yield local_name(element.tag), element


def emptied(element: Element) -> None:
    """Let go of what is inside an element and of its elder brothers."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
