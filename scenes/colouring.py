"""From what the city is coloured by to a colour for each building and a legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from scenes.colour_piece import Piece, numbers_of, round_ends, rows_near, texts_of
from scenes.legend import Legend, Rgb
from scenes.scene_input import SceneInput
from scenes.style_texture import Alpha
from twin.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from twin.city.asset import CityAsset, Surface
from twin.city.resident_range import ResidentRange
from twin.city.residents import ResidentFeatures
from twin.ramps import Ramp, colours_from_values, ramp_table
from twin.sense.model import OBSERVED_PROPERTIES

MOST_CLASSES = 8
OTHER_RGB: Rgb = (140, 140, 140)
_BUILT = (Surface.WALL, Surface.ROOF)
#: Code of `twin.sense.health.Health`.
_STALE = 1
#: Buildings between these percentiles of x and of y are sure to be in the home view.
FRAMED_PERCENTILES = (0.2, 99.8)
Range: TypeAlias = tuple[str, str, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """Colours of all features, (N, 4) uint8 with `Alpha`, and what they mean."""

    rgba: UInt8Array
    legend: Legend


def built_features(asset: CityAsset) -> BoolArray:
    """(N,) bool: features with walls or roofs; only these are coloured.

    Where the city names some of them buildings, quays, fences and the like are left out.
    """
    features = asset.features
    built = np.zeros(features.n_features, bool)
    built[asset.soup.features[np.isin(asset.soup.surfaces, _BUILT)]] = True
    named = [name.lower().startswith("building") for name in features.kind_names]
    buildings: BoolArray = built & np.array([*named, False], bool)[features.kind_codes]
    return buildings if buildings.any() else built


def building_points(asset: CityAsset) -> Float64Array:
    """(N, 3) corners of a thousand buildings or so, for framing the city; may be empty.

    Single buildings far outside, such as a farm, are left out.
    """
    return points_of_boxes(asset.features.bounds_min_max_local_m[built_features(asset)])


def points_of_boxes(bounds_min_max_m: Float32Array) -> Float64Array:
    """(N, 3) corners of a thousand boxes or so of (M, 6); those far outside are left out."""
    bounds = bounds_min_max_m[~np.isnan(bounds_min_max_m[:, 0])].astype(float)
    if len(bounds):
        middle = 0.5 * (bounds[:, :2] + bounds[:, 3:5])
        low, high = np.percentile(middle, FRAMED_PERCENTILES, axis=0)
        bounds = bounds[np.all((middle >= low) & (middle <= high), axis=1)]
    step = max(1, len(bounds) // 1500)
    corners = [bounds[::step, columns] for columns in ((0, 1, 2), (3, 4, 5), (0, 4, 5), (3, 1, 5))]
    return np.concatenate(corners)


def circle_around(points: Float64Array, bounds: Float64Array) -> tuple[Float64Array, float]:
    """Middle (3,) and radius of the part of the city that has buildings, metres.

    Parameters
    ----------
    points : (N, 3) of its buildings; without any the (6,) bounds of all count
    """
    if not len(points):
        points = np.stack([bounds[:3], bounds[3:]])
    low, high = points.min(axis=0), points.max(axis=0)
    return 0.5 * (low + high), max(200.0, 0.5 * float(np.hypot(*(high - low)[:2])))


class Colouring:
    """Colours one city; remembers which sensor speaks for which building. GUI thread.

    Of a streamed city only what came since the last time is worked out anew, and ends and classes
    stay as they are while tiles come and go (ends grow when a value lies beyond them).
    """

    def __init__(self, asset: CityAsset, no_data: Rgb) -> None:
        self._features = asset.features
        self._live = asset.features if isinstance(asset.features, ResidentFeatures) else None
        self._no_data = no_data
        n_whole = asset.features.n_features if self._live is None else self._live.n_whole
        self._built_whole = built_features(asset)[:n_whole]
        #: By range, or None for a table that is all there.
        self._pieces: dict[ResidentRange | None, Piece] = {}
        self._version = -1
        self._near_key: tuple[int, str, float] | None = None
        self._slots = np.empty(0, np.intp)
        self._own: dict[str, int] = {}
        self._is_own_only = np.empty(0, bool)
        self._range: Range | None = None
        self._attribute: tuple[str, Ramp] | None = None
        self._ends: tuple[float, float] | None = None
        self._words: dict[str, Rgb] | None = None
        self._others: set[str] = set()
        self._rgba: UInt8Array = np.empty((0, 4), np.uint8)
        if self._live is None:
            self._pieces[None] = Piece(0, asset.features, self._built_whole)

    def paint(self, given: SceneInput, ramp: Ramp, reach_m: float) -> Painted | None:
        """Colours for ``given.colour_by``; None when it is empty or nobody knows it."""
        name = given.colour_by
        self._follow()
        if name and any(stream.observed_property == name for stream in given.datastreams):
            return self._by_property(given, ramp, reach_m)
        if name in self._features.attributes:
            if self._live is not None:
                self._live.want(name)
            return self._by_attribute(name, ramp)
        return None

    def _follow(self) -> None:
        """Take the pieces that came, forget those that went."""
        live = self._live
        if live is None or live.version == self._version:
            return
        self._version = live.version
        pieces: dict[ResidentRange | None, Piece] = {}
        for each in live.ranges:
            known = self._pieces.get(each)
            built = each.built if each.built is not None else self._built_whole
            pieces[each] = known or Piece(each.first, each.table, built, each.rows_by_id)
        self._pieces = pieces

    # -- observed properties ----------------------------------------------------------------

    def _by_property(self, given: SceneInput, ramp: Ramp, reach_m: float) -> Painted:
        self._find_sensors(given, reach_m)
        slots = self._slots
        title, unit, vmin, vmax = self._range or range_of(given, slots)
        values = np.full(len(slots), np.nan)
        if given.observations is not None:
            values = given.observations.values[slots]
        colours = colours_from_values(values, vmin, vmax, ramp, (*self._no_data, Alpha.DATA))
        if len(given.health):
            colours[given.health[slots] == _STALE, 3] = Alpha.STALE
        table = np.vstack([colours, [(*self._no_data, Alpha.DATA), (0, 0, 0, Alpha.PLAIN)]])
        # One 32-bit number a colour: four times as quick to hand out as four bytes.
        packed = np.ascontiguousarray(table, np.uint8).view(np.uint32).ravel()
        joined = np.zeros(self._features.n_features, np.uint32)
        for piece in self._pieces.values():
            if piece.slot_row is None:
                piece.slot_row = self._sensor_rows(given, piece, reach_m)
            joined[piece.rows] = packed[piece.slot_row]
        is_joined = bool(len(slots)) and bool(self._is_own_only.all())
        note = f"own or nearest sensor within {reach_m:.0f} m"
        legend = Legend(
            title=title,
            unit=unit,
            vmin=vmin,
            vmax=vmax,
            ramp=ramp,
            no_data=self._no_data,
            note="values of the features themselves" if is_joined else note,
        )
        return Painted(rgba=joined.view(np.uint8).reshape(-1, 4), legend=legend)

    def _find_sensors(self, given: SceneInput, reach_m: float) -> None:
        """Which slots speak; done again only for another catalogue."""
        key = (given.catalogue_version, given.colour_by, reach_m)
        if key == self._near_key:
            return
        self._near_key = key
        self._slots = property_slots(given)
        self._range = _known_range(given, self._slots)
        self._own, self._is_own_only = owners_of(given, self._slots)
        for piece in self._pieces.values():
            piece.slot_row = None

    def _sensor_rows(self, given: SceneInput, piece: Piece, reach_m: float) -> np.ndarray:
        """(n,) row of the sensor that speaks for each feature of a piece."""
        slots, table = self._slots, piece.table
        bounds = table.bounds_min_max_local_m
        centre = 0.5 * (bounds[:, :2] + bounds[:, 3:5]).astype(float)
        places = given.xyz_local_m[slots, :2].astype(float)
        near = rows_near(centre, places, reach_m)
        near = near[~self._is_own_only[near]]
        row = np.full(len(centre), len(slots))
        if len(near):
            nearest = nearest_within(centre, places[near], reach_m)
            row[nearest >= 0] = near[nearest[nearest >= 0]]
        self._take_own_sensors(piece, row)
        row[~piece.built] = len(slots) + 1
        return row

    def _take_own_sensors(self, piece: Piece, slot_row: np.ndarray) -> None:
        own, table = self._own, piece.table
        if not own:
            return
        if piece.rows_by_id is not None:
            for feature_id, row in own.items():
                feature = piece.rows_by_id.get(feature_id, -1)
                if feature >= 0:
                    slot_row[feature] = row
        else:
            for feature, feature_id in enumerate(table.ids):
                if feature_id in own:
                    slot_row[feature] = own[feature_id]
        parts = np.flatnonzero(table.parents >= 0)
        inherits = np.array([table.ids[p] in own for p in table.parents[parts]], bool)
        slot_row[parts[inherits]] = slot_row[table.parents[parts[inherits]]]

    # -- attributes -------------------------------------------------------------------------

    def _by_attribute(self, name: str, ramp: Ramp) -> Painted:
        if (name, ramp) != self._attribute:
            self._attribute = (name, ramp)
            self._ends, self._words, self._others = None, None, set()
            self._repaint_all()
        if len(self._rgba) != self._features.n_features:
            grown = np.zeros((self._features.n_features, 4), np.uint8)
            kept = min(len(grown), len(self._rgba))
            grown[:kept] = self._rgba[:kept]
            self._rgba = grown
        holders = [p for p in self._pieces.values() if name in p.table.attributes]
        is_text = any(piece.table.attributes[name].dtype == object for piece in holders)
        legend = self._paint_classes(name) if is_text else self._paint_numbers(name, ramp)
        return Painted(rgba=self._rgba, legend=legend)

    def _repaint_all(self) -> None:
        for piece in self._pieces.values():
            piece.is_painted = False

    def _new_pieces(self) -> list[Piece]:
        return [piece for piece in self._pieces.values() if not piece.is_painted]

    def _paint_numbers(self, name: str, ramp: Ramp) -> Legend:
        values = {id(piece): numbers_of(piece, name) for piece in self._new_pieces()}
        self._stretch(name, [values[id(piece)][piece.built] for piece in self._new_pieces()])
        vmin, vmax = self._ends or (0.0, 1.0)
        for piece in self._new_pieces():
            numbers = values.get(id(piece))
            if numbers is None:  # the ends have grown since it was painted
                numbers = numbers_of(piece, name)
            rgba = colours_from_values(numbers, vmin, vmax, ramp, (*self._no_data, Alpha.DATA))
            rgba[~piece.built] = 0
            self._rgba[piece.rows] = rgba
            piece.is_painted = True
        return Legend(title=name, vmin=vmin, vmax=vmax, ramp=ramp, no_data=self._no_data)

    def _stretch(self, name: str, seen: list[np.ndarray]) -> None:
        """Ends of the ramp: as the source tells them, else as seen, round for a streamed city."""
        told = None if self._live is None else self._live.statistics(name)
        if told is not None:
            if told != self._ends:
                self._ends = told
                self._repaint_all()
            return
        known = np.concatenate([np.empty(0), *seen])
        known = known[np.isfinite(known)]
        if not len(known):
            return
        low, high = float(known.min()), float(known.max())
        if self._ends is not None and self._ends[0] <= low and high <= self._ends[1]:
            return
        if self._ends is not None:
            low, high = min(low, self._ends[0]), max(high, self._ends[1])
        self._ends = (low, high) if self._live is None else round_ends(low, high)
        self._repaint_all()

    def _paint_classes(self, name: str) -> Legend:
        texts = {id(piece): texts_of(piece, name) for piece in self._new_pieces()}
        known = [texts[id(piece)][piece.built] for piece in self._new_pieces()]
        self._learn(np.concatenate([np.empty(0, str), *known]))
        words = self._words or {}
        for piece in self._new_pieces():
            found, inverse = np.unique(texts[id(piece)], return_inverse=True)
            of_word = [words.get(str(word), OTHER_RGB) for word in found]
            of_word = [self._no_data if not word else rgb for word, rgb in zip(found, of_word,
                       strict=True)]  # fmt: skip
            table = np.array([(*rgb, Alpha.DATA) for rgb in of_word], np.uint8).reshape(-1, 4)
            rgba = table[inverse.reshape(-1)]
            rgba[~piece.built] = 0
            self._rgba[piece.rows] = rgba
            piece.is_painted = True
        classes = tuple(words.items())
        if self._others:
            classes += ((f"other ({len(self._others)})", OTHER_RGB),)
        return Legend(title=name, classes=classes, no_data=self._no_data)

    def _learn(self, texts: np.ndarray) -> None:
        """Give colours to the commonest words; later ones get what is left, never another's."""
        found, counts = np.unique(texts[texts != ""], return_counts=True)
        ranked = [str(word) for word in found[np.argsort(-counts, kind="stable")]]
        words = self._words if self._words is not None else {}
        n_colours = MOST_CLASSES if self._live is not None else max(len(ranked[:MOST_CLASSES]), 1)
        palette = ramp_table("batlow")[np.linspace(20, 235, n_colours).astype(int)]
        for word in ranked:
            if word in words:
                continue
            if len(words) < MOST_CLASSES:
                red, green, blue = (int(part) for part in palette[len(words)][:3])
                words[word] = (red, green, blue)
            else:
                self._others.add(word)
        self._words = words


def property_slots(given: SceneInput) -> np.ndarray:
    """(k,) slots whose observed property the city is coloured by."""
    n = len(given.xyz_local_m)
    return np.array(
        [
            slot
            for slot, stream in enumerate(given.datastreams[:n])
            if stream.observed_property == given.colour_by
        ],
        np.intp,
    )


def owners_of(given: SceneInput, slots: np.ndarray) -> tuple[dict[str, int], BoolArray]:
    """Row of ``slots`` (k,) of each feature's own sensor, and (k,) which speak for theirs only."""
    own: dict[str, int] = {}
    is_own_only = np.zeros(len(slots), bool)
    for row, slot in enumerate(slots):
        thing = given.things.get(given.datastreams[int(slot)].thing_id)
        if thing is not None and thing.feature_id:
            own[thing.feature_id] = row
            is_own_only[row] = thing.own_only
    return own, is_own_only


def nearest_within(points: Float64Array, places: Float64Array, reach_m: float) -> np.ndarray:
    """(N,) row of the nearest of K places for each point, -1 when none is within reach.

    Sweeps along x, so that each place meets only the points near it.

    Parameters
    ----------
    points : (N, 2), NaN allowed
    places : (K, 2), NaN = nowhere
    """
    order = np.argsort(points[:, 0], kind="stable")  # NaN sorts last
    x, y = points[order, 0], points[order, 1]
    best = np.full(len(points), reach_m**2)
    nearest = np.full(len(points), -1)
    for row, (px, py) in enumerate(places):
        if not np.isfinite(px + py):
            continue
        begin, end = np.searchsorted(x, [px - reach_m, px + reach_m])
        away = (x[begin:end] - px) ** 2 + (y[begin:end] - py) ** 2
        closer = away < best[begin:end]
        best[begin:end][closer] = away[closer]
        nearest[begin:end][closer] = row
    found = np.empty(len(points), int)
    found[order] = nearest
    return found


def range_of(given: SceneInput, slots: np.ndarray) -> Range:
    """Title, unit and ends of ``given.colour_by``: known, else as seen now."""
    return _known_range(given, slots) or _seen_range(given, slots)


def _known_range(given: SceneInput, slots: np.ndarray) -> Range | None:
    """Title, unit, ends as announced, else as known for the property; None = neither."""
    streams = [given.datastreams[slot] for slot in slots]
    title, unit = _title_and_unit(given, slots)
    declared = [(stream.min, stream.max) for stream in streams if stream.max > stream.min]
    if declared:
        return title, unit, min(low for low, _ in declared), max(high for _, high in declared)
    known = OBSERVED_PROPERTIES.get(given.colour_by)
    return (title, unit, known[2], known[3]) if known else None


def _seen_range(given: SceneInput, slots: np.ndarray) -> Range:
    """The same from the values seen now."""
    title, unit = _title_and_unit(given, slots)
    if given.observations is not None:
        seen = given.observations.values[slots]
        seen = seen[np.isfinite(seen)]
        if len(seen) and seen.max() > seen.min():
            return title, unit, float(seen.min()), float(seen.max())
    return title, unit, 0.0, 1.0


def _title_and_unit(given: SceneInput, slots: np.ndarray) -> tuple[str, str]:
    known = OBSERVED_PROPERTIES.get(given.colour_by)
    units = (given.datastreams[slot].unit for slot in slots)
    unit = next((unit for unit in units if unit), known[1] if known else "")
    return (known[0] if known else given.colour_by.replace("_", " ").capitalize()), unit
