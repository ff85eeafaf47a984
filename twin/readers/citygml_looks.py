"""Appearances of CityGML: colours and photographs of surfaces, by theme."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float32Array, Int32Array
from twin.city.asset import Material
from twin.city.tally import Tally
from twin.readers.citygml_polygons import PolygonStore
from twin.readers.citygml_stream import Element, children, local_name

#: Elements that say how surfaces look.
SURFACE_DATA = ("ParameterizedTexture", "X3DMaterial", "GeoreferencedTexture")


@dataclass(slots=True)
class _Theme:
    """What one theme says: material of rings with their uv, and of whole surfaces."""

    rings: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    surfaces: dict[str, int] = field(default_factory=dict)


class GmlLooks:
    """Takes surface data as they are met; `on` puts them on the polygons. One thread.

    Attributes
    ----------
    images : file name (as the file gives it) of each material, "" for a plain colour
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._uv = array("f")
        self._themes: dict[str, _Theme] = {}
        self._numbers: dict[tuple[str, tuple[int, int, int, int]], int] = {}
        self.images: list[str] = []
        self._colours: list[tuple[int, int, int, int]] = []

    def take(self, name: str, element: Element) -> None:
        """Note one ``ParameterizedTexture`` or ``X3DMaterial`` with all its targets."""
        theme = self._themes.setdefault(_theme_of(element), _Theme())
        if name == "GeoreferencedTexture":
            self._tally.add("georeferenced-texture", "Georeferenced textures are not drawn")
        elif name == "X3DMaterial":
            self._take_material(element, theme)
        else:
            self._take_texture(element, theme)

    def materials(self) -> tuple[Material, ...]:
        """All looks, images not yet found."""
        return tuple(
            Material(rgba=rgba, name=image)
            for rgba, image in zip(self._colours, self.images, strict=True)
        )

    def on(
        self, store: PolygonStore, n_vertices: int
    ) -> tuple[Int32Array | None, Float32Array | None]:
        """(P,) material of each polygon, -1 = none, and (V, 2) uv; None where nobody has any.

        Of several themes the one with the most photographs (then colours) is taken.
        """
        used = [theme for theme in self._themes.values() if theme.rings or theme.surfaces]
        if not used:
            return None, None
        self._tally.add("other-themes", "Other themes of textures are not shown", len(used) - 1)
        theme = max(used, key=lambda one: (len(one.rings), len(one.surfaces)))
        materials = np.full(store.n_polygons, -1, np.int32)
        missing = 0
        for known_as, number in theme.surfaces.items():
            polygons = store.numbers_of(known_as)
            missing += not polygons
            materials[polygons] = number
        uv = self._put_uv(theme, store, materials, n_vertices) if theme.rings else None
        self._tally.add("missing-target", "Looks of surfaces that are not in the file", missing)
        return materials, uv

    def _put_uv(
        self, theme: _Theme, store: PolygonStore, materials: Int32Array, n_vertices: int
    ) -> Float32Array:
        uv = np.full((n_vertices, 2), np.nan, np.float32)
        given = np.array(self._uv, np.float32).reshape(-1, 2)
        starts, polygons = store.ring_starts(), store.ring_polygons()
        odd = 0
        for known_as, (number, first, n) in theme.rings.items():
            ring = store.ring_ids.get(known_as, -1)
            size = int(starts[ring + 1] - starts[ring]) if ring >= 0 else 0
            if not size or n not in (size, size + 1):
                odd += 1
                continue
            uv[starts[ring] : starts[ring + 1]] = given[first : first + size]
            materials[polygons[ring]] = number
        self._tally.add(
            "bad-texture", "Texture coordinates that fit no ring of the file are left out", odd
        )
        return uv

    def _take_material(self, element: Element, theme: _Theme) -> None:
        colour, opacity = (0.8, 0.8, 0.8), 1.0
        for name, child in children(element):
            if name == "diffuseColor":
                numbers = _floats(child)
                if len(numbers) == 3:
                    colour = (numbers[0], numbers[1], numbers[2])
            elif name == "transparency":
                opacity = 1.0 - next(iter(_floats(child)), 0.0)
        red, green, blue, alpha = (round(255 * min(1.0, max(0.0, c))) for c in (*colour, opacity))
        number = self._number("", (red, green, blue, alpha))
        for name, child in children(element):
            if name == "target" and child.text:
                theme.surfaces[_id_of(child.text)] = number

    def _take_texture(self, element: Element, theme: _Theme) -> None:
        named = [c.text for name, c in children(element) if name == "imageURI" and c.text]
        if not named:
            self._tally.add("bad-texture", "Textures that name no image are left out")
            return
        number = self._number(named[0].strip(), (255, 255, 255, 255))
        for inner in element.iter():
            if not isinstance(inner.tag, str):
                continue
            name = local_name(inner.tag)
            if name == "TexCoordList":
                self._take_coordinates(inner, number, theme)
            elif name == "TexCoordGen":
                self._tally.add("projected-texture", "Textures projected on surfaces are not drawn")

    def _take_coordinates(self, element: Element, number: int, theme: _Theme) -> None:
        rings = [_id_of(c.text or "") for name, c in children(element) if name == "ring"]
        lists = [c for name, c in children(element) if name == "textureCoordinates"]
        for position, one in enumerate(lists):
            ring = _id_of(one.get("ring") or (rings[position] if position < len(rings) else ""))
            numbers = _floats(one)
            if not ring or len(numbers) < 6 or len(numbers) % 2:
                self._tally.add("bad-texture", "Texture coordinates that fit no ring of the file")
                continue
            theme.rings[ring] = (number, len(self._uv) // 2, len(numbers) // 2)
            self._uv.extend(numbers)

    def _number(self, image: str, rgba: tuple[int, int, int, int]) -> int:
        number = self._numbers.setdefault((image, rgba), len(self._colours))
        if number == len(self._colours):
            self.images.append(image)
            self._colours.append(rgba)
        return number


def _theme_of(element: Element) -> str:
    """Theme of the appearance round a surface datum, "" for none."""
    above = element.getparent()
    while above is not None and local_name(above.tag) != "Appearance":
        above = above.getparent()
    if above is None:
        return ""
    return next((c.text or "" for name, c in children(above) if name == "theme"), "").strip()


def _id_of(text: str) -> str:
    return text.strip().rpartition("#")[2]


def _floats(element: Element) -> list[float]:
    try:
        return list(map(float, (element.text or "").split()))
    except ValueError:
        return []
