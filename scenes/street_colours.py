"""What a street's own sensors say, as one colour a street and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenes.colouring import nearest_within, range_of
from scenes.legend import Legend, Rgb
from scenes.scene_input import SceneInput
from twin.arrays import Float32Array, Float64Array, UInt8Array
from twin.city.asset import CityAsset
from twin.ramps import Ramp, colours_from_values
from twin.theme import Theme, rgb_from_hex

#: Properties that are shown on the streets when things with a path report them.
STREET_PROPERTIES = ("traffic_speed", "traffic_flow")
#: Shares of the free speed from which on traffic is free, or slow; below it is congested.
FREE, SLOW = 0.70, 0.40
#: A street of the network within this reach tells how fast one drives when it is free.
_REACH_M = 40.0
#: Code of `twin.sense.health.Health`.
_STALE = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streets:
    """Streets that report one property: ``slots`` (n,) of the datastreams, n paths (k, 3)."""

    slots: np.ndarray
    paths_local_m: Sequence[Float32Array]

    def values(self, given: SceneInput) -> Float64Array:
        """(n,) values now; NaN where there is none or it is stale."""
        values = np.full(len(self.slots), np.nan)
        if given.observations is not None:
            values = given.observations.values[self.slots].astype(float)
        if len(given.health):
            values[given.health[self.slots] == _STALE] = np.nan
        return values


def streets_of(given: SceneInput, observed_property: str) -> Streets:
    """Streets with a path that report a property."""
    n = 0 if given.observations is None else len(given.observations.values)
    found = [
        (slot, given.paths_local_m[stream.thing_id])
        for slot, stream in enumerate(given.datastreams[:n])
        if stream.observed_property == observed_property and stream.thing_id in given.paths_local_m
    ]
    return Streets(
        slots=np.array([slot for slot, _ in found], np.intp),
        paths_local_m=[path for _, path in found],
    )


def ramp_colours(
    given: SceneInput, streets: Streets, ramp: Ramp, no_data: Rgb
) -> tuple[UInt8Array, Legend]:
    """(n, 3) colours by value, and what they mean; for ``given.colour_by``."""
    title, unit, vmin, vmax = range_of(given, streets.slots)
    rgba = colours_from_values(streets.values(given), vmin, vmax, ramp, (*no_data, 255))
    legend = Legend(
        title=title,
        unit=unit,
        vmin=vmin,
        vmax=vmax,
        ramp=ramp,
        no_data=no_data,
        note=f"{len(streets.slots)} measured streets",
    )
    return rgba[:, :3].astype(np.uint8), legend


class TrafficClasses:
    """Free, slow, congested: three muted colours by the share of the free speed."""

    def __init__(self, asset: CityAsset, theme: Theme, streets: Streets) -> None:
        self._streets = streets
        self._free_kmh = free_speeds_kmh(asset, streets.paths_local_m)
        names = ("traffic_free", "traffic_slow", "traffic_jam", "no_data")
        self._rgb = np.array(
            [[round(255 * c) for c in rgb_from_hex(theme.scene[n])] for n in names]
        )

    def colours(self, given: SceneInput) -> UInt8Array:
        """(n, 3) uint8."""
        share = self._streets.values(given) / self._free_kmh
        rows = np.select([np.isnan(share), share >= FREE, share >= SLOW], [3, 0, 1], 2)
        rgb: UInt8Array = self._rgb[rows].astype(np.uint8)
        return rgb

    @property
    def legend(self) -> Legend:
        """What the colours mean."""
        free, slow, jam, no_data = ((int(r), int(g), int(b)) for r, g, b in self._rgb)
        return Legend(
            title="Traffic on streets",
            unit="% of free speed",
            classes=(
                (f"free: {100 * FREE:.0f} and more", free),
                (f"slow: {100 * SLOW:.0f} to {100 * FREE:.0f}", slow),
                (f"congested: under {100 * SLOW:.0f}", jam),
            ),
            no_data=no_data,
            note=f"{len(self._streets.slots)} measured streets",
        )


def free_speeds_kmh(asset: CityAsset, paths_local_m: Sequence[Float32Array]) -> Float64Array:
    """(n,) usual free-flow speed of the street each path lies on; 50 km/h where unknown."""
    free = np.full(len(paths_local_m), 50.0)
    network = asset.streets
    if network is None or not len(network.edges) or not len(free):
        return free
    ends = network.nodes_local_m[network.edges][:, :, :2].astype(float)
    middles = np.array([path[[0, -1], :2].mean(axis=0) for path in paths_local_m], float)
    edge = nearest_within(middles, ends.mean(axis=1), _REACH_M)
    known = edge >= 0
    free[known] = 3.6 * network.speeds_mps[edge[known]]
    return free
