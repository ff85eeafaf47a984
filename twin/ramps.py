"""Colour ramps for data: tables of 256 colours and the way from numbers to colours."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import numpy as np

from twin.arrays import Float64Array, UInt8Array

Ramp: TypeAlias = Literal["cividis", "viridis", "batlow", "vik"]
SEQUENTIAL: tuple[Ramp, ...] = ("cividis", "viridis", "batlow")
DIVERGING: tuple[Ramp, ...] = ("vik",)
STEPS = 256


@lru_cache(maxsize=8)
def ramp_table(ramp: Ramp) -> UInt8Array:
    """(256, 3) uint8 red, green, blue, low values first; not writeable.

    Raises
    ------
    FileNotFoundError
        There is no such ramp.
    """
    text = files("resources").joinpath("ramps", f"{ramp}.csv").read_text(encoding="ascii")
    table = np.array([line.split(",") for line in text.split()[1:]], dtype=np.uint8)
    table.setflags(write=False)
    return table


def colours_from_values(
    values: Float64Array,
    vmin: float,
    vmax: float,
    ramp: Ramp = "cividis",
    no_data: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> UInt8Array:
    """Colour numbers along a ramp.

    Parameters
    ----------
    values : (N,) float64; NaN = no data
    vmin, vmax : ends of the ramp; values outside get the colour of the near end
    no_data : red, green, blue, alpha of NaN

    Returns
    -------
    (N, 4) uint8 red, green, blue, alpha (255 where there is a value)
    """
    span = vmax - vmin
    finite = np.isfinite(values)
    share = (np.where(finite, values, vmin) - vmin) / span if span > 0 else np.zeros(len(values))
    steps = (np.clip(share, 0.0, 1.0) * (STEPS - 1) + 0.5).astype(np.intp)
    table = np.empty((STEPS + 1, 4), np.uint8)
    table[:STEPS, :3] = ramp_table(ramp)
    table[:STEPS, 3] = 255
    table[STEPS] = no_data
    steps[~finite] = STEPS
    coloured: UInt8Array = table[steps]
    return coloured
