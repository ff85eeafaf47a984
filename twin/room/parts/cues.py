"""Cues of a scene: what its audience reads and sees just now. Facts, so a replay has them too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

#: "scene": it begins ("begun") or is over ("over"); the others are what is shown.
CueKind = Literal["scene", "caption", "camera", "highlight", "look"]
#: x, y, z (local metres) in the middle of the picture, distance (metres), azimuth and elevation
#: (radians), seconds on the way there, seconds of staying.
Stop = tuple[float, float, float, float, float, float, float, float]


class Cue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest cue of its kind.

    Attributes
    ----------
    scene_s : time of the scene when it was given
    pace : seconds of the scene a second from then on, 0 = it stands
    title, text : of a caption; a caption without both takes the former one away
    narration : what a speaker says with it
    seconds : how long it is shown in the scene's time, 0 = until the next; of "scene": its length
    stops : of "camera": where it goes, one after the other
    things : of "highlight": ids, () = nothing any more
    layers_on, layers_off : of "look": ids
    colour_by : of "look": observed property or attribute the city is coloured by, "" = none
    """

    kind: CueKind
    t_ns: int
    by: Operator
    scene_s: float
    pace: float = 1.0
    title: str = ""
    text: str = ""
    narration: str = ""
    seconds: float = 0.0
    stops: tuple[Stop, ...] = ()
    things: tuple[str, ...] = ()
    layers_on: tuple[str, ...] = ()
    layers_off: tuple[str, ...] = ()
    colour_by: str = ""


class Cues(Part):
    """The newest cue of each kind."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_kind = self.table("cue", Cue, lambda entry: entry.kind)

    def handlers(self) -> Mapping[str, Handler]:
        """Showing; the beginning of a scene takes the cues of the one before away."""
        return {"cue.shown": self._shown}

    def _shown(self, event: Event) -> None:
        cue = read_body(event, Cue)
        if cue.kind == "scene":
            for kind in self.by_kind:
                self.by_kind.drop(kind)
        self.by_kind.put(cue)


PART = PartType(id="cues", make=Cues)
