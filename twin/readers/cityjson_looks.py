"""Materials and textures of CityJSON geometries, of one theme, as numbers and coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from twin.city.asset import Material
from twin.city.gathering import is_point
from twin.city.images import is_image_there
from twin.city.looks import Looks
from twin.city.tally import Tally
from twin.readers.cityjson_geometry import DEPTHS, values_by_surface
from twin.readers.cityjson_schema import Geometry

_WHITE = (255, 255, 255, 255)
#: How files say that a surface has no texture.
_UNTEXTURED: tuple[Any, ...] = (None, [], [None], [[]], [[None]])
Uv = tuple[float, float]
UvRings = list[list[Uv]]


class _Appearance(msgspec.Struct):
    """What a file or a line says about looks, as decoded."""

    materials: Any = None
    textures: Any = None
    vertices: Any = msgspec.field(default=None, name="vertices-texture")
    material_theme: Any = msgspec.field(default=None, name="default-theme-material")
    texture_theme: Any = msgspec.field(default=None, name="default-theme-texture")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookLists:
    """What the geometries of a file, or of one line, refer to by number.

    Attributes
    ----------
    has_images : whether any of the textures can be drawn; else nobody looks at coordinates
    """

    materials: list[int] = field(default_factory=list)
    textures: list[int] = field(default_factory=list)
    uv: list[Uv | None] = field(default_factory=list)
    material_theme: Any = None
    texture_theme: Any = None
    has_images: bool = False


class CityJsonLooks:
    """Numbers the looks of a whole file. One thread.

    Attributes
    ----------
    images : image of each look as the file spells it, "" for a plain colour
    n_materials, n_textures : how many the file names
    """

    def __init__(self, path: Path, tally: Tally) -> None:
        self._path = path
        self._tally = tally
        self._numbers: dict[tuple[str, tuple[int, int, int, int]], int] = {}
        self._colours: list[tuple[int, int, int, int]] = []
        self._names: list[str] = []
        self._found: list[bool] = []
        self.images: list[str] = []
        self.n_materials = 0
        self.n_textures = 0

    def lists_of(self, appearance: msgspec.Raw) -> LookLists | None:
        """Lists that the geometries of a file or a line refer to; None where it has none."""
        if not bytes(appearance):
            return None
        try:
            decoded = msgspec.json.decode(appearance, type=_Appearance | None)
        except msgspec.DecodeError:
            self._tally.add("bad-appearance", "Appearances of a wrong shape are not shown")
            return None
        if decoded is None:
            return None
        textures = [self._of_texture(one) for one in _listed(decoded.textures)]
        has_images = any(self._found[number] for number in textures if number >= 0)
        lists = LookLists(
            materials=[self._of_material(one) for one in _listed(decoded.materials)],
            textures=textures,
            uv=[_uv(one) for one in _listed(decoded.vertices)] if has_images else [],
            has_images=has_images,
            material_theme=decoded.material_theme,
            texture_theme=decoded.texture_theme,
        )
        self.n_materials += len(lists.materials)
        self.n_textures += len(lists.textures)
        return lists

    def materials(self) -> tuple[Material, ...]:
        """All looks, images not yet found."""
        looks = zip(self._colours, self._names, strict=True)
        return tuple(Material(rgba=rgba, name=name) for rgba, name in looks)

    def of(
        self, geometry: Geometry, n_surfaces: int, lists: LookLists
    ) -> tuple[list[int], list[UvRings | None]]:
        """Look of each surface (-1 = none) and where its corners lie on its image."""
        numbers = self._plain(geometry, n_surfaces, lists)
        rings: list[UvRings | None] = [None] * n_surfaces
        if not lists.has_images or not bytes(geometry.texture):
            return numbers, rings
        themed = _of_theme(msgspec.json.decode(geometry.texture), lists.texture_theme)
        values = self._by_surface(themed.get("values"), geometry, n_surfaces)
        odd = 0
        for row, value in enumerate(values):
            found = _textured(value, lists)
            if found is not None:
                numbers[row], rings[row] = found
            odd += found is None and value not in _UNTEXTURED
        self._tally.add("bad-texture", "Textures that fit no surface are not shown", odd)
        return numbers, rings

    def _plain(self, geometry: Geometry, n_surfaces: int, lists: LookLists) -> list[int]:
        themed = _of_theme(geometry.material, lists.material_theme)
        if "value" in themed:
            return [_number_at(lists.materials, themed["value"])] * n_surfaces
        values = self._by_surface(themed.get("values"), geometry, n_surfaces)
        return [_number_at(lists.materials, value) for value in values]

    def _by_surface(self, values: Any, geometry: Geometry, n_surfaces: int) -> list[Any]:
        nothing: list[Any] = [None] * n_surfaces
        if values is None:
            return nothing
        flat = values_by_surface(values, geometry.boundaries, DEPTHS[geometry.type])
        if flat is None or len(flat) != n_surfaces:
            self._tally.add("bad-texture", "Textures that fit no surface are not shown")
            return nothing
        return flat

    def _of_material(self, one: Any) -> int:
        if not isinstance(one, dict):
            return -1
        colour = one.get("diffuseColor")
        red, green, blue = colour if isinstance(colour, list) and is_point(colour) else [0.8] * 3
        clear = one.get("transparency")
        opacity = 1.0 - clear if isinstance(clear, int | float) else 1.0
        channels = [round(255 * min(1.0, max(0.0, c))) for c in (red, green, blue, opacity)]
        name = one.get("name")
        known_as = name if isinstance(name, str) else ""
        return self._number("", (channels[0], channels[1], channels[2], channels[3]), known_as)

    def _of_texture(self, one: Any) -> int:
        image = one.get("image") if isinstance(one, dict) else None
        return self._number(image, _WHITE, image) if isinstance(image, str) and image else -1

    def _number(self, image: str, rgba: tuple[int, int, int, int], name: str) -> int:
        number = self._numbers.setdefault((image, rgba), len(self._colours))
        if number == len(self._colours):
            self._colours.append(rgba)
            self.images.append(image)
            self._names.append(name)
            self._found.append(bool(image) and is_image_there(self._path, image))
        return number


def looks_of(materials: list[int], rings: list[UvRings | None]) -> Looks | None:
    """Looks of a batch of surfaces; None where no surface has any."""
    numbers = np.array(materials, dtype=np.int32)
    return Looks(numbers, rings) if (numbers >= 0).any() else None


def _textured(value: Any, lists: LookLists) -> tuple[int, UvRings] | None:
    """Look and coordinates of one surface; None where it has none, or malformed ones."""
    if not isinstance(value, list) or not value:
        return None
    rings: UvRings = []
    number = -1
    for ring in value:
        if not isinstance(ring, list) or not ring:
            return None
        number = max(number, _number_at(lists.textures, ring[0]))
        places = [_place(index, lists) for index in ring[1:]]
        good = [place for place in places if place is not None]
        if len(good) < len(places):
            return None
        rings.append(good)
    return (number, rings) if number >= 0 else None


def _place(index: Any, lists: LookLists) -> Uv | None:
    return lists.uv[index] if type(index) is int and 0 <= index < len(lists.uv) else None


def _number_at(numbers: list[int], index: Any) -> int:
    return numbers[index] if type(index) is int and 0 <= index < len(numbers) else -1


def _of_theme(themes: Any, preferred: Any) -> dict[str, Any]:
    """What one theme says: the preferred one, else the first."""
    if not isinstance(themes, dict) or not themes:
        return {}
    named = preferred if isinstance(preferred, str) and preferred in themes else next(iter(themes))
    found = themes[named]
    return found if isinstance(found, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _uv(value: Any) -> Uv | None:
    if isinstance(value, list) and len(value) >= 2 and is_point([*value[:2], 0.0]):
        return float(value[0]), float(value[1])
    return None
