"""From what the city is coloured by to a colour for each building and a legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from scenes.legend import Legend, Rgb
from scenes.scene_input import SceneInput
from scenes.style_texture import Alpha
from twin.arrays import BoolArray, Float64Array, Int32Array, UInt8Array
from twin.city.asset import CityAsset, Features, Surface
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
    bounds = asset.features.bounds_min_max_local_m[built_features(asset)].astype(float)
    bounds = bounds[~np.isnan(bounds[:, 0])]
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
    """Colours one city; remembers which sensor speaks for which building. GUI thread."""

    def __init__(self, asset: CityAsset, no_data: Rgb) -> None:
        self._asset = asset
        self._no_data = no_data
        self._built = built_features(asset)
        self._near_key: tuple[int, str, float] | None = None
        self._slots = np.empty(0, np.intp)
        self._row = np.empty(0, np.intp)
        self._range: Range | None = None

    def paint(self, given: SceneInput, ramp: Ramp, reach_m: float) -> Painted | None:
        """Colours for ``given.colour_by``; None when it is empty or nobody knows it."""
        name = given.colour_by
        if name and any(stream.observed_property == name for stream in given.datastreams):
            return self._by_property(given, ramp, reach_m)
        if name in self._asset.features.attributes:
            return self._by_attribute(name, ramp)
        return None

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
        rgba = packed[self._row].view(np.uint8).reshape(-1, 4)
        note = f"own or nearest sensor within {reach_m:.0f} m"
        legend = Legend(
            title=title,
            unit=unit,
            vmin=vmin,
            vmax=vmax,
            ramp=ramp,
            no_data=self._no_data,
            note=note,
        )
        return Painted(rgba=rgba, legend=legend)

    def _find_sensors(self, given: SceneInput, reach_m: float) -> None:
        """Which slot speaks for each feature; done again only for another catalogue."""
        key = (given.catalogue_version, given.colour_by, reach_m)
        if key == self._near_key:
            return
        self._near_key = key
        self._slots = slots = property_slots(given)
        self._range = _known_range(given, slots)
        bounds = self._asset.features.bounds_min_max_local_m
        centre = 0.5 * (bounds[:, :2] + bounds[:, 3:5]).astype(float)
        places = given.xyz_local_m[slots, :2].astype(float)
        self._row = nearest_within(centre, places, reach_m)
        self._row[self._row < 0] = len(slots)
        self._take_own_sensors(given, slots, self._asset.features)
        self._row[~self._built] = len(slots) + 1

    def _take_own_sensors(self, given: SceneInput, slots: np.ndarray, features: Features) -> None:
        own = {}
        for row, slot in enumerate(slots):
            thing = given.things.get(given.datastreams[slot].thing_id)
            if thing is not None and thing.feature_id:
                own[thing.feature_id] = row
        if not own:
            return
        for feature, feature_id in enumerate(features.ids):
            if feature_id in own:
                self._row[feature] = own[feature_id]
        parts = np.flatnonzero(features.parents >= 0)
        inherits = np.array([features.ids[p] in own for p in features.parents[parts]], bool)
        self._row[parts[inherits]] = self._row[features.parents[parts[inherits]]]

    # -- attributes -------------------------------------------------------------------------

    def _by_attribute(self, name: str, ramp: Ramp) -> Painted:
        features = self._asset.features
        column = features.attributes[name]
        if column.dtype == object:
            return self._classes(name, _inherited_text(column, features.parents))
        values = np.asarray(column, float)
        from_parent = np.isnan(values) & (features.parents >= 0)
        values = np.where(from_parent, values[features.parents], values)
        known = values[self._built & np.isfinite(values)]
        vmin, vmax = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        rgba = colours_from_values(values, vmin, vmax, ramp, (*self._no_data, Alpha.DATA))
        rgba[~self._built] = 0
        legend = Legend(title=name, vmin=vmin, vmax=vmax, ramp=ramp, no_data=self._no_data)
        return Painted(rgba=rgba, legend=legend)

    def _classes(self, name: str, texts: np.ndarray) -> Painted:
        known = texts[self._built & (texts != "")]
        words, counts = np.unique(known.astype(str), return_counts=True)
        ranked = [str(word) for word in words[np.argsort(-counts, kind="stable")]]
        shown, others = ranked[:MOST_CLASSES], ranked[MOST_CLASSES:]
        palette = ramp_table("batlow")[np.linspace(20, 235, max(len(shown), 1)).astype(int)]
        rgba = np.zeros((len(texts), 4), np.uint8)
        rgba[self._built] = (*self._no_data, Alpha.DATA)
        rgba[self._built & (texts != "")] = (*OTHER_RGB, Alpha.DATA)
        classes: list[tuple[str, Rgb]] = []
        for word, colour in zip(shown, palette, strict=False):
            rgb = (int(colour[0]), int(colour[1]), int(colour[2]))
            rgba[self._built & (texts == word)] = (*rgb, Alpha.DATA)
            classes.append((word, rgb))
        if others:
            classes.append((f"other ({len(others)})", OTHER_RGB))
        legend = Legend(title=name, classes=tuple(classes), no_data=self._no_data)
        return Painted(rgba=rgba, legend=legend)


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


def _inherited_text(column: np.ndarray, parents: Int32Array) -> np.ndarray:
    """Texts with "" for none; parts without one take their parent's."""
    texts = np.array(["" if value is None else str(value) for value in column], object)
    inherits = (texts == "") & (parents >= 0)
    texts[inherits] = texts[parents[inherits]]
    return texts
