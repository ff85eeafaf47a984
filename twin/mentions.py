"""What messages may speak of: names of things, units, places and marks, and where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twin.room.parts.messages import Link

if TYPE_CHECKING:
    from twin.session import TwinSession

SIGN = "@"
MOST_LINKS = 20
_LONGEST = 200


class MentionIndex:
    """Names and what they stand for; made anew when something was announced. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self._version: tuple[int, int, int] = (-1, -1, -1)
        self._links: dict[str, Link] = {}

    def links(self) -> dict[str, Link]:
        """Name -> link; where several have a name, the first of things, units, places, marks."""
        session = self._session
        version = (
            session.observations.catalogue_version,
            session.units.catalogue_version,
            hash(tuple((mark.id, mark.rev) for mark in session.marks)),
        )
        if version != self._version:
            self._version = version
            self._links = {}
            for link in self._all():
                if 0 < len(link.name) <= _LONGEST:
                    self._links.setdefault(link.name, link)
        return self._links

    def like(self, text: str, most: int = 8) -> list[str]:
        """Names that hold a text; those that begin with it first."""
        wanted = text.casefold()
        begins: list[str] = []
        holds: list[str] = []
        for name in self.links():
            folded = name.casefold()
            if folded.startswith(wanted):
                begins.append(name)
                if len(begins) == most:
                    break
            elif len(holds) < most and wanted in folded:
                holds.append(name)
        return [*begins, *holds][:most]

    def found_in(self, text: str) -> tuple[Link, ...]:
        """Links of every ``@name`` in a text, at each place the longest name that fits."""
        links = self.links()
        found: dict[str, Link] = {}
        at = text.find(SIGN)
        while at >= 0 and len(found) < MOST_LINKS:
            rest = text[at + 1 : at + 1 + _LONGEST]
            for length in range(len(rest), 0, -1):
                link = links.get(rest[:length])
                if link is not None and not rest[length : length + 1].isalnum():
                    found[link.name] = link
                    break
            at = text.find(SIGN, at + 1)
        return tuple(found.values())

    def _all(self) -> Iterator[Link]:
        session = self._session
        for thing in session.observations.things.values():
            yield Link(kind="thing", name=thing.name, target_id=thing.id)
        for unit in session.units.units:
            yield Link(kind="unit", name=unit.name, target_id=unit.id)
        for place in session.city.places:
            x, y, z = (float(c) for c in place.xyz_local_m)
            yield Link(kind="place", name=place.name, xyz_local_m=(x, y, z))
        for mark in session.marks:
            yield Link(kind="mark", name=mark.title, target_id=mark.id)


def link_body(link: Link) -> dict[str, object]:
    """A link in the body of an act."""
    body: dict[str, object] = {"kind": link.kind, "name": link.name}
    if link.target_id:
        body["target_id"] = link.target_id
    if link.xyz_local_m is not None:
        body["xyz_local_m"] = [round(c, 2) for c in link.xyz_local_m]
    return body


def split_at_links(text: str, links: tuple[Link, ...]) -> list[tuple[str, Link | None]]:
    """A message in pieces, each with the link that it is, if it is one; longer names first."""
    by_length = sorted(links, key=lambda link: -len(link.name))
    pieces: list[tuple[str, Link | None]] = []
    plain = ""
    at = 0
    while at < len(text):
        link = None
        if text[at] == SIGN:
            rest = text[at + 1 :]
            link = next((one for one in by_length if rest.startswith(one.name)), None)
        if link is None:
            plain += text[at]
            at += 1
            continue
        if plain:
            pieces.append((plain, None))
            plain = ""
        pieces.append((SIGN + link.name, link))
        at += 1 + len(link.name)
    if plain:
        pieces.append((plain, None))
    return pieces
