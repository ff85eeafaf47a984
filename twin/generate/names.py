"""Invented English names: of the city, its streets and its districts."""

from __future__ import annotations

import numpy as np

from twin.arrays import Int64Array

CITY_NAMES = (
    "Marrowbridge", "Aldermere", "Thornhaven", "Wexcombe", "Harrowgate Vale", "Brackenford",
    "Ellismouth", "Sallowby", "Kingsmarsh", "Netherwick", "Ostleigh", "Penholm",
)  # fmt: skip
_FIRST = (
    "Mill", "Church", "Castle", "Orchard", "Harbour", "Abbey", "Bridge", "Chapel", "Market",
    "Garden", "Forge", "Granary", "Tanner", "Weaver", "Cooper", "Fuller", "Saddler", "Glover",
    "Linden", "Elm", "Hazel", "Alder", "Rowan", "Willow", "Poplar", "Juniper", "Larch", "Maple",
    "Heron", "Kestrel", "Swallow", "Plover", "Otter", "Falcon", "Raven", "Curlew", "Finch",
    "Beacon", "Quarry", "Meadow", "Spring", "Ferry", "Lantern", "Anchor", "Compass", "Foundry",
    "Kiln", "Cloister", "Priory", "Friar", "Bishop", "Sexton", "Miller", "Baker", "Draper",
    "Mercer", "Chandler", "Thatcher", "Mason", "Potter", "Ropewalk", "Sluice", "Weir", "Tower",
    "Copper", "Silver", "Amber", "Slate", "Marble", "Ivory", "Russet", "Clover", "Bramble",
    "Fern", "Heather", "Sorrel", "Thistle", "Primrose", "Violet", "Lavender", "Saffron",
)  # fmt: skip
_SECOND = (
    "", "field", "gate", "hill", "wood", "brook", "croft", "dale", "ford", "ham", "holt", "hurst",
    "ley", "mead", "moor", "ridge", "stead", "stone", "ton", "well", "wick", "worth", "bourne",
    "by", "combe", "den", "fell", "garth", "mere", "shaw", "thorpe", "vale", "wharf", "lea",
)  # fmt: skip
_TYPES: tuple[tuple[str, ...], ...] = (
    ("Avenue", "Parade", "Boulevard"),
    ("Road", "High Road", "Way"),
    ("Street", "Gardens", "Close", "Drive", "Terrace", "Grove", "Place", "Crescent"),
    ("Lane", "Row", "Alley", "Passage", "Yard", "Walk"),
)
_DISTRICT_ENDS = ("park", "field", "ton", "side", "gate", "moor", "wick", "hurst", "vale", "mead")


def city_name(seed: int) -> str:
    """Seed 1 is Marrowbridge."""
    return CITY_NAMES[(seed - 1) % len(CITY_NAMES)]


def street_names(ranks: Int64Array, seed: int) -> list[str]:
    """One name a street, all different. Rank as in `StreetLines`."""
    rng = np.random.default_rng([seed, 5])
    names: list[str] = [""] * len(ranks)
    for rank, types in enumerate(_TYPES):
        rows = np.flatnonzero(ranks == rank)
        n_stems = len(_FIRST) * len(_SECOND)
        size = n_stems * len(types)
        order = rng.permutation(size)
        for k, row in enumerate(rows.tolist()):
            names[row] = _street_name(int(order[k % size]), k // size, types, n_stems)
    for k, row in enumerate(np.flatnonzero(ranks == len(_TYPES)).tolist()):
        names[row] = ("North Embankment", "South Embankment")[k % 2]
    return names


def _street_name(pick: int, lap: int, types: tuple[str, ...], n_stems: int) -> str:
    stem, kind = pick % n_stems, types[pick // n_stems]
    first, second = _FIRST[stem % len(_FIRST)], _SECOND[stem // len(_FIRST)]
    prefix = ("", "Upper ", "Lower ", "North ", "South ", "East ", "West ", "Old ", "New ")
    before = prefix[lap] if lap < len(prefix) else f"{_FIRST[lap % len(_FIRST)]} "
    return f"{before}{first}{second} {kind}"


def district_names(n: int, seed: int) -> list[str]:
    """All different; the first is the old town."""
    rng = np.random.default_rng([seed, 6])
    order = rng.permutation(len(_FIRST) * len(_DISTRICT_ENDS))
    names = ["Old Town"]
    for k in range(n - 1):
        pick, lap = int(order[k % len(order)]), k // len(order)
        name = _FIRST[pick % len(_FIRST)] + _DISTRICT_ENDS[pick // len(_FIRST)]
        names.append(name if not lap else f"{name} {lap + 1}")
    return names[:n]
