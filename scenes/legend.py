"""What the colours of the city mean, for the legend in the view and for panels."""

from __future__ import annotations

from dataclasses import dataclass

from twin.ramps import Ramp

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Title, range and colours of what the city is coloured by.

    Attributes
    ----------
    title : "Traffic speed", or the attribute's name
    unit : "" for none
    vmin, vmax : ends of the ramp (numbers only)
    ramp : None for classes
    classes : (name, colour) of text attributes
    no_data : colour of what has no value, None where that is simply not drawn
    note : e.g. "nearest sensor within 250 m", "" for none
    """

    title: str
    unit: str = ""
    vmin: float = 0.0
    vmax: float = 1.0
    ramp: Ramp | None = None
    classes: tuple[tuple[str, Rgb], ...] = ()
    no_data: Rgb | None = None
    note: str = ""
