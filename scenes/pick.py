"""The answer to a pick."""

from __future__ import annotations

from dataclasses import dataclass

from twin.city.asset import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What lies under a pixel: a unit, a thing, a badge of many, a feature or bare ground.

    Attributes
    ----------
    xyz_local_m : the point that was hit, metres, local frame
    feature : row of the feature table, -1 when none was hit
    surface : `twin.city.asset.Surface` of the triangle, -1 when none was hit
    n_stood_for : how many symbols a badge that was hit stands for, 0 = it was no badge
    spread_m : how far they lie from its middle
    thing_id, unit_id, mark_id, alarm_id, incident_id : set when a symbol was hit (the feature is
        then -1)
    """

    xyz_local_m: tuple[float, float, float]
    feature: int = -1
    surface: int = -1
    thing_id: str = ""
    unit_id: str = ""
    n_stood_for: int = 0
    spread_m: float = 0.0
    mark_id: str = ""
    alarm_id: str = ""
    incident_id: str = ""

    @property
    def is_ground(self) -> bool:
        """Whether nothing but the ground sheet or the terrain was hit."""
        is_symbol = self.thing_id or self.unit_id or self.mark_id or self.alarm_id
        if is_symbol or self.incident_id or self.n_stood_for:
            return False
        return self.feature < 0 or self.surface == Surface.TERRAIN
