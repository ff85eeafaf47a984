"""Small maps written as OSM XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

#: Metres in a degree of latitude, and of longitude at the samples' latitude.
LAT_M = 111_195.0
LAT_DEG, LON_DEG = 52.0, 4.0
LON_M = LAT_M * 0.6156615  # cos 52°


class Map:
    """Collects nodes, ways and relations at metres from a point; gives them numbers."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._nodes: dict[tuple[float, float], int] = {}
        self._count = 0

    def node(self, x: float, y: float, **tags: str) -> int:
        """A node at metres east and north; the same place is the same node."""
        if (x, y) in self._nodes:
            return self._nodes[x, y]
        number = self._next()
        self._nodes[x, y] = number
        lat, lon = LAT_DEG + y / LAT_M, LON_DEG + x / LON_M
        self._lines.append(
            f'<node id="{number}" lat="{lat:.9f}" lon="{lon:.9f}">{_tags(tags)}</node>'
        )
        return number

    def way(self, points: Sequence[tuple[float, float]], **tags: str) -> int:
        """A way through points."""
        refs = [self.node(*point) for point in points]
        number = self._next()
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        self._lines.append(f'<way id="{number}">{inner}{_tags(tags)}</way>')
        return number

    def ring(self, points: Sequence[tuple[float, float]], **tags: str) -> int:
        """A closed way."""
        return self.way([*points, points[0]], **tags)

    def box(self, x: float, y: float, wide: float, deep: float, **tags: str) -> int:
        """A closed rectangle."""
        return self.ring([(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep)], **tags)

    def relation(self, members: Sequence[tuple[int, str]], **tags: str) -> int:
        """A relation of ways with roles."""
        number = self._next()
        inner = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
        self._lines.append(f'<relation id="{number}">{inner}{_tags(tags)}</relation>')
        return number

    def written(self, folder: Path, name: str = "map.osm", head: str = "") -> Path:
        """Write the file: nodes, then ways, then relations, as all tools expect them."""
        order = sorted(
            self._lines,
            key=lambda line: ("<node", "<way", "<rela").index(line[: line.index(" ")][:5]),
        )
        path = folder / name
        path.write_text(
            f'<?xml version="1.0"?>{head}<osm version="0.6">{"".join(order)}</osm>',
            encoding="utf-8",
        )
        return path

    def _next(self) -> int:
        self._count += 1
        return self._count


def _tags(tags: dict[str, str]) -> str:
    pairs = ((key.replace("__", ":"), value) for key, value in tags.items())
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in pairs)
