"""How one view draws the city: kept for each view, shown by the panels for the active one."""

from __future__ import annotations

from dataclasses import dataclass

from twin.city.style import PLAIN, CityStyle


@dataclass(slots=True)
class PaneLook:
    """What views have apart, besides camera and layers.

    Attributes
    ----------
    colour_by, style : as in `twin.session.TwinSession`
    behind_ns : how far behind live the view was asked to be, 0 = live
    """

    colour_by: str = ""
    style: CityStyle = PLAIN
    behind_ns: int = 0
