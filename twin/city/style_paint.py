"""A city style applied to columns: a colour, a visibility and a height for every feature."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin.arrays import BoolArray, Float32Array, UInt8Array
from twin.city.class_breaks import class_edges, class_of
from twin.city.cql2_mask import compiled
from twin.city.style import ColourRule, HeightRule, StyleError
from twin.city.style_columns import FACTS, StyleColumns, Texts
from twin.ramps import Ramp, colours_from_values, ramp_table
from twin.theme import rgb_from_hex

Rgb = tuple[int, int, int]
#: Texts beyond these many are "other".
MOST_CATEGORIES = 7
OTHER: Rgb = (140, 140, 140)
#: The fourth number of a coloured feature, and of one that keeps its plain shade.
DATA, PLAIN = 255, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRange:
    """Title, unit and usual range of a column, as far as known."""

    title: str
    unit: str = ""
    vmin: float | None = None
    vmax: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StyleColours:
    """Colours of all features and what they mean.

    Attributes
    ----------
    rgba : (N, 4) uint8; the fourth is 255 where coloured, 0 where plain
    classes : (name, colour); empty for a ramp
    ramp : None for classes
    """

    rgba: UInt8Array
    title: str
    unit: str = ""
    vmin: float = 0.0
    vmax: float = 1.0
    ramp: Ramp | None = None
    classes: tuple[tuple[str, Rgb], ...] = ()
    note: str = ""


def style_colours(
    rule: ColourRule, columns: StyleColumns, no_data: Rgb, known: ValueRange | None = None
) -> StyleColours:
    """Colour every feature by a rule.

    Raises
    ------
    StyleError
        A column is missing or of the wrong kind, or an expression is wrong.
    """
    if rule.how == "conditions":
        return _by_conditions(rule, columns)
    if not rule.column:
        raise StyleError("Choose a column to colour by")
    values = columns.values(rule.column)
    about = known or ValueRange(title=rule.column)
    if rule.how == "categories" or isinstance(values, Texts):
        texts = values if isinstance(values, Texts) else _texts_of_numbers(values)
        return _by_category(rule, columns, texts, about, no_data)
    if rule.how == "classes":
        return _by_class(rule, columns, values, about, no_data)
    return _by_ramp(rule, columns, values, about, no_data)


def style_hidden(expression: str, columns: StyleColumns) -> BoolArray:
    """(N,) bool: features a filter hides.

    What is no building (ground, streets, water) is hidden only when the expression surely does
    not hold for it, not when it lacks the value.

    Raises
    ------
    StyleError
        The expression is wrong or names a column that is not there.
    """
    truth = compiled(expression).truth(columns)
    hidden: BoolArray = np.where(columns.is_built, ~truth.yes, truth.no)
    return hidden


def shown_of(hidden: BoolArray, columns: StyleColumns) -> tuple[int, int]:
    """How many buildings are shown, and how many there are; parts count with their building."""
    parents = columns.parents
    built = columns.is_built
    whole = built & (parents < 0)
    if not whole.any():
        whole = built
    drawn = built & ~hidden & columns.has_geometry
    seen = drawn.copy()
    seen[parents[drawn & (parents >= 0)]] = True
    exists = columns.has_geometry.copy()
    exists[parents[exists & (parents >= 0)]] = True
    return int((seen & whole).sum()), int((exists & whole).sum())


def style_heights(rule: HeightRule, columns: StyleColumns) -> Float32Array:
    """(N, 2) float32: foot of each feature, metres, and by how much its height is multiplied.

    A building grows as a whole, by the greatest value of its parts; 1 where the column has no
    value or the feature no height.

    Raises
    ------
    StyleError
        The column is missing or holds texts.
    """
    values = columns.values(rule.column)
    if isinstance(values, Texts):
        raise StyleError(f"Height needs numbers, and “{rule.column}” holds texts")
    values = columns.most_of_building(values)
    low, high = columns.feet_and_tops_m()
    span = high - low
    with np.errstate(all="ignore"):
        grow = np.maximum(values * rule.factor, 0.0) / span
    usable = columns.is_built & np.isfinite(grow) & (span > 0.05)
    made: Float32Array = np.column_stack([np.nan_to_num(low), np.where(usable, grow, 1.0)])
    return made.astype(np.float32)


# -- colours ---------------------------------------------------------------------------------


def _painted(columns: StyleColumns, name: str, known: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Which features are coloured, and which of the others say "no data"."""
    if name in FACTS and name != "kind":
        known = known & columns.is_built
    return known, columns.is_built & ~known


def _by_ramp(
    rule: ColourRule,
    columns: StyleColumns,
    values: np.ndarray,
    about: ValueRange,
    no_data: Rgb,
) -> StyleColours:
    known, lacking = _painted(columns, rule.column, np.isfinite(values))
    vmin, vmax = _ends(rule, values[known], about)
    rgba = colours_from_values(values, vmin, vmax, rule.ramp, (*no_data, DATA))
    rgba[~known & ~lacking] = 0
    return StyleColours(
        rgba=rgba, title=about.title, unit=about.unit, vmin=vmin, vmax=vmax, ramp=rule.ramp
    )


def _ends(rule: ColourRule, known: np.ndarray, about: ValueRange) -> tuple[float, float]:
    seen = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    vmin = next(v for v in (rule.vmin, about.vmin, seen[0]) if v is not None)
    vmax = next(v for v in (rule.vmax, about.vmax, seen[1]) if v is not None)
    return vmin, vmax if vmax > vmin else vmin + 1.0


def _by_class(
    rule: ColourRule,
    columns: StyleColumns,
    values: np.ndarray,
    about: ValueRange,
    no_data: Rgb,
) -> StyleColours:
    known, lacking = _painted(columns, rule.column, np.isfinite(values))
    inside = values[known]
    if rule.vmin is not None or rule.vmax is not None:
        inside = np.clip(inside, rule.vmin, rule.vmax)
    edges = class_edges(inside, rule.breaks, max(rule.n_classes, 1))
    palette = _palette(rule.ramp, len(edges) - 1)
    rgba = np.zeros((columns.n_rows, 4), np.uint8)
    rgba[known, :3] = palette[class_of(values[known], edges)]
    rgba[known, 3] = DATA
    rgba[lacking] = (*no_data, DATA)
    names = [f"{_told(a)} to {_told(b)}" for a, b in pairwise(edges)]
    notes = {"quantile": "equal counts", "equal": "equal steps", "natural": "natural breaks"}
    return StyleColours(
        rgba=rgba,
        title=about.title,
        unit=about.unit,
        classes=tuple(zip(names, _rgbs(palette), strict=True))[::-1],
        note=notes[rule.breaks],
    )


def _by_category(
    rule: ColourRule,
    columns: StyleColumns,
    texts: Texts,
    about: ValueRange,
    no_data: Rgb,
) -> StyleColours:
    known, lacking = _painted(columns, rule.column, texts.codes >= 0)
    colour_of = {word: _rgb(colour) for word, colour in rule.categories.items()}
    if not colour_of:
        counts = np.bincount(texts.codes[known], minlength=len(texts.words))
        order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
        ranked = [texts.words[code] for code in order if counts[code]]
        colour_of = dict(zip(ranked, _rgbs(_palette(rule.ramp, len(ranked))), strict=True))
    of_word = np.array([colour_of.get(word, OTHER) for word in texts.words], np.uint8)
    rgba = np.zeros((columns.n_rows, 4), np.uint8)
    rgba[known, :3] = of_word.reshape(-1, 3)[texts.codes[known]]
    rgba[known, 3] = DATA
    rgba[lacking] = (*no_data, DATA)
    classes = tuple(colour_of.items())
    n_other = len(set(texts.words) - set(colour_of))
    if n_other:
        classes = (*classes, (f"other ({n_other})", OTHER))
    return StyleColours(rgba=rgba, title=about.title, unit=about.unit, classes=classes)


def _by_conditions(rule: ColourRule, columns: StyleColumns) -> StyleColours:
    rgba = np.zeros((columns.n_rows, 4), np.uint8)
    free = np.ones(columns.n_rows, bool)
    classes: list[tuple[str, Rgb]] = []
    for condition in rule.conditions:
        met = compiled(condition.expression).of(columns) & free
        rgb = _rgb(condition.colour)
        rgba[met] = (*rgb, DATA)
        free &= ~met
        classes.append((condition.title or condition.expression, rgb))
    return StyleColours(rgba=rgba, title="Conditions", classes=tuple(classes))


def _palette(ramp: Ramp, n: int) -> UInt8Array:
    """(n, 3) colours spread over a ramp, its palest and darkest ends left out."""
    palette: UInt8Array = ramp_table(ramp)[np.linspace(16, 239, max(n, 1)).astype(int)]
    return palette[:n]


def _rgbs(palette: UInt8Array) -> list[Rgb]:
    return [(int(r), int(g), int(b)) for r, g, b in palette]


def _rgb(colour: str) -> Rgb:
    try:
        red, green, blue = (round(255 * part) for part in rgb_from_hex(colour))
    except ValueError as error:
        raise StyleError(f"“{colour}” is not a colour; write it as #C4162A") from error
    return red, green, blue


def _texts_of_numbers(values: np.ndarray) -> Texts:
    words, codes = np.unique(values[np.isfinite(values)], return_inverse=True)
    rows = np.full(len(values), -1, np.int32)
    rows[np.isfinite(values)] = codes
    return Texts(rows, tuple(_told(word) for word in words))


def _told(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:.3g}"
