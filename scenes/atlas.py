"""Letters and symbols in one texture, rendered once with Pillow.

Two channels matter: red = body (drawn in the fill colour), green = body and halo together (the
halo colour shows where only green is set).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from scenes.symbol_art import masks_of
from scenes.vtk_arrays import vtk_from_numpy
from twin.arrays import UInt8Array

#: Texels each way for screens of usual density; denser ones get more, up to `MOST_SIDE`.
SIDE = 1024
MOST_SIDE = 8192
Font: TypeAlias = Literal["small", "body", "strong"]
FONT_PX: dict[Font, float] = {"small": 11.0, "body": 12.5, "strong": 12.5}
#: Looked for by name in the system's font folders, best first.
_REGULAR = ("NotoSans-Regular.ttf", "Inter-Regular.ttf", "DejaVuSans.ttf", "segoeui.ttf")
_STRONG = ("NotoSans-SemiBold.ttf", "NotoSans-Medium.ttf", "NotoSans-Bold.ttf", "seguisb.ttf")
HALO_PX = 1.9
SYMBOL_PX = 26.0
#: Height of the letters of a large word, for marks over the whole picture.
WORD_PX = 64.0
_OVERSAMPLING = 4
_FIRST_CHARACTERS = "".join(map(chr, range(32, 127))) + "°µ³²·–…≤≥±äöüéèáóñßøå"


@dataclass(frozen=True, slots=True)
class Sprite:
    """A rectangle of the atlas: texels left, top, width, height; offset of its left bottom
    corner from the pen (letters) or the middle (symbols), and the pen's advance. Device pixels.
    """

    left: int
    top: int
    width: int
    height: int
    dx: float
    dy: float
    advance: float


class Atlas:
    """Sprites by name, drawn when first asked for. GUI thread."""

    def __init__(self, pixel_ratio: float) -> None:
        self.pixel_ratio = pixel_ratio
        self._side = _side_for(pixel_ratio)
        self._pixels: UInt8Array = np.zeros((self._side, self._side, 4), np.uint8)
        self._pen = [2, 2]
        self._row_height = 0
        self._glyphs: dict[tuple[Font, str], Sprite] = {}
        self._symbols: dict[str, Sprite] = {}
        self._image = vtkImageData()
        self._image.SetDimensions(self._side, self._side, 1)
        self.texture = vtkTexture()
        self.texture.SetInputData(self._image)
        self.texture.InterpolateOff()
        self.texture.MipmapOff()
        self.texture.SetColorModeToDirectScalars()
        self._pixels[:2, :2] = 255
        self._is_dirty = True
        self._warm = False

    def upload(self) -> None:
        """Hand new sprites to VTK; free when there are none."""
        if self._is_dirty:
            flat = self._pixels.reshape(-1, 4)
            scalars = vtk_from_numpy(flat)
            self._image.GetPointData().SetScalars(scalars)
            self._image.Modified()
            self._is_dirty = False

    def glyph(self, font: Font, character: str) -> Sprite:
        """Sprite of one character."""
        if not self._warm:
            self._warm = True
            for known in _FIRST_CHARACTERS:
                self.glyph("body", known)
        sprite = self._glyphs.get((font, character))
        if sprite is None:
            sprite = self._draw_glyph(font, character)
            self._glyphs[font, character] = sprite
        return sprite

    def symbol(self, name: str) -> Sprite:
        """Sprite of a symbol of `scenes.symbol_art.masks_of`, "letter:X" or a large "word:X"."""
        sprite = self._symbols.get(name)
        if sprite is None:
            is_word = name.startswith("word:")
            sprite = self._draw_word(name[5:]) if is_word else self._draw_symbol(name)
            self._symbols[name] = sprite
        return sprite

    def line_height_px(self, font: Font) -> float:
        """Height of a line of text, device pixels."""
        return FONT_PX[font] * 1.35 * self.pixel_ratio

    def _draw_glyph(self, font: Font, character: str) -> Sprite:
        face = _face(font, round(FONT_PX[font] * self.pixel_ratio, 2))
        halo = HALO_PX * self.pixel_ratio
        pad = int(np.ceil(halo)) + 1
        left, top, right, bottom = face.getbbox(character, anchor="ls")
        width, height = int(np.ceil(right - left)) + 2 * pad, int(np.ceil(bottom - top)) + 2 * pad
        body = Image.new("L", (width, height))
        at = (pad - left, pad - top)
        ImageDraw.Draw(body).text(at, character, fill=255, font=face, anchor="ls")
        sprite_at = self._place(body, _grown(body, halo))
        advance = float(round(face.getlength(character)))
        return Sprite(*sprite_at, width, height, left - pad, -(bottom + pad), advance)

    def _draw_symbol(self, name: str) -> Sprite:
        size = round(SYMBOL_PX * self.pixel_ratio)
        rim: Image.Image | None = None
        if name.startswith("letter:"):
            body = self._letter(name.removeprefix("letter:"), size)
        else:
            big, big_rim = masks_of(name, size * _OVERSAMPLING)
            body = big.resize((size, size), Image.Resampling.BOX)
            rim = big_rim and big_rim.resize((size, size), Image.Resampling.BOX)
        # Halos are for shapes whose ground is the city; others bring a rim or lie on a plate.
        reach = 0.0 if name.startswith(("glyph:", "letter:")) else 1.3 * self.pixel_ratio
        whole = rim or (_grown(body, reach) if reach else body)
        # Cut to its ink, a margin for turned ones: software GL pays for every empty fragment.
        left, top, right, bottom = whole.getbbox() or (0, 0, size, size)
        left, top = max(left - 1, 0), max(top - 1, 0)
        right, bottom = min(right + 1, size), min(bottom + 1, size)
        cut = (left, top, right, bottom)
        sprite_at = self._place(body.crop(cut), whole.crop(cut))
        dx, dy = left - size / 2, size / 2 - bottom
        return Sprite(*sprite_at, right - left, bottom - top, dx, dy, float(size))

    def _draw_word(self, word: str) -> Sprite:
        face = _face("strong", round(WORD_PX * self.pixel_ratio, 2))
        left, top, right, bottom = face.getbbox(word, anchor="ls")
        width, height = int(np.ceil(right - left)) + 2, int(np.ceil(bottom - top)) + 2
        body = Image.new("L", (width, height))
        ImageDraw.Draw(body).text((1 - left, 1 - top), word, fill=255, font=face, anchor="ls")
        sprite_at = self._place(body, body)
        return Sprite(*sprite_at, width, height, -width / 2, -height / 2, float(width))

    def _letter(self, letter: str, size: int) -> Image.Image:
        image = Image.new("L", (size, size))
        face = _face("strong", round(10.5 * self.pixel_ratio, 2))
        ImageDraw.Draw(image).text((size / 2, size / 2), letter, fill=255, font=face, anchor="mm")
        return image

    def _place(self, body: Image.Image, whole: Image.Image) -> tuple[int, int]:
        width, height = body.size
        if self._pen[0] + width + 1 > self._side:
            self._pen = [2, self._pen[1] + self._row_height + 1]
            self._row_height = 0
        left, top = self._pen
        if top + height + 1 > self._side:
            return 0, 0  # a full atlas shows blocks instead of rare characters
        self._pixels[top : top + height, left : left + width, 0] = np.asarray(body)
        self._pixels[top : top + height, left : left + width, 1] = np.asarray(whole)
        self._pixels[top : top + height, left : left + width, 3] = 255
        self._pen[0] += width + 1
        self._row_height = max(self._row_height, height)
        self._is_dirty = True
        return left, top


def _side_for(pixel_ratio: float) -> int:
    """The next power of two that holds as many sprites as `SIDE` does at a ratio of two."""
    side = SIDE
    while side < MOST_SIDE and side < SIDE * pixel_ratio / 2:
        side *= 2
    return side


def _grown(body: Image.Image, by_px: float) -> Image.Image:
    """A soft halo around a mask."""
    reach = max(1, round(by_px))
    wide = body.filter(ImageFilter.MaxFilter(2 * reach + 1)).filter(
        ImageFilter.GaussianBlur(0.45 * by_px)
    )
    return ImageChops.lighter(body, wide)


@lru_cache(maxsize=32)
def _face(font: Font, size_px: float) -> ImageFont.FreeTypeFont:
    names = (*_STRONG, *_REGULAR) if font == "strong" else _REGULAR
    for name in names:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    fallback = ImageFont.load_default(size_px)
    if not isinstance(fallback, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, so no text can be drawn")
    return fallback
