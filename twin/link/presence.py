"""What operators show of themselves: where they look, point, and what they have at hand.

Presence is no fact: it is never journalled, never part of the room, and may be lost. The hub takes
the newest of each console and publishes what changed, at most ten times a second.
"""

from __future__ import annotations

import math
from typing import Annotated, TypeAlias

import msgspec

from twin.analysis.pose import Pose

#: Consoles forget somebody of whom the hub says nothing for so long.
TTL_S = 5.0
#: A console tells at most so often that something changed …
CHANGED_S = 0.1
#: … and so often when nothing did, in case the last word was lost.
UNCHANGED_S = 3.0
_CM, _RAD = 100.0, 10_000.0
#: A thousand kilometres in centimetres: beyond it is no place in a city.
_FAR_CM = 100_000_000
Centimetres: TypeAlias = Annotated[int, msgspec.Meta(ge=-_FAR_CM, le=_FAR_CM)]
Angle: TypeAlias = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
Id: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Word: TypeAlias = Annotated[str, msgspec.Meta(max_length=120)]
PointCm: TypeAlias = tuple[Centimetres, Centimetres, Centimetres]


class Look(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a camera looks, in whole numbers: a hundred of them are sent ten times a second.

    Attributes
    ----------
    x_cm, y_cm, z_cm : middle of the picture, local centimetres
    distance_cm : from the eye to it
    azimuth, elevation : as of `Pose`, in 1/10,000 rad
    is_plan : it is a plan, north up
    """

    x_cm: Centimetres
    y_cm: Centimetres
    z_cm: Centimetres
    distance_cm: Centimetres
    azimuth: Angle
    elevation: Angle
    is_plan: bool = False

    @classmethod
    def of(cls, pose: Pose, *, is_plan: bool = False) -> Look:
        """The same in whole numbers; the azimuth within one turn."""
        x, y, z = point_cm(pose.focal_m)
        return cls(
            x_cm=x,
            y_cm=y,
            z_cm=z,
            distance_cm=round(pose.distance_m * _CM),
            azimuth=round((pose.azimuth_rad % math.tau) * _RAD),
            elevation=round(pose.elevation_rad * _RAD),
            is_plan=is_plan,
        )

    def pose(self) -> Pose:
        """The same as a pose."""
        return Pose(
            focal_m=point_m((self.x_cm, self.y_cm, self.z_cm)),
            distance_m=self.distance_cm / _CM,
            azimuth_rad=self.azimuth / _RAD,
            elevation_rad=self.elevation / _RAD,
        )


class PresenceState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one console tells of its operator. Who that is, the hub knows from the connection.

    Attributes
    ----------
    look : where they look; None = nowhere (no 3D view is open)
    pointer : what they point at, local centimetres; None = they do not point
    selected, selected_id : name and id of what they have selected
    panel : title of the panel they work in
    incident : id of the incident they work on
    following : console id of whom they follow
    call : number of their invitation "come here", 0 = none; another number = another invitation
    call_to : who is invited: "" = everybody, "department:NAME" or a console id
    """

    look: Look | None = None
    pointer: PointCm | None = None
    selected: Word = ""
    selected_id: Id = ""
    panel: Word = ""
    incident: Word = ""
    following: Id = ""
    call: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)] = 0
    call_to: Id = ""


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """Presence of one console as the hub tells it; ``n`` grows with each change, for ever."""

    console_id: str
    n: int
    state: PresenceState


def point_cm(metres: tuple[float, float, float]) -> PointCm:
    """Metres to whole centimetres, kept within what may be sent."""
    x, y, z = (round(min(max(c * _CM, -_FAR_CM), _FAR_CM)) for c in metres)
    return x, y, z


def point_m(point: PointCm) -> tuple[float, float, float]:
    """Whole centimetres to metres."""
    x, y, z = point
    return x / _CM, y / _CM, z / _CM
