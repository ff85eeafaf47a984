"""Showing the cues of a scene to everybody in the room."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.parts.cues import Cue, CueKind, Stop

MAX_TITLE, MAX_TEXT = 200, 1_000
MAX_ENTRIES = 200
MAX_REACH = 200_000.0


class ShowCue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "cue.show"; the fields are those of `twin.room.parts.cues.Cue`."""

    kind: CueKind
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


class CueDesk(Desk):
    """Takes the cues of whoever directs a scene."""

    def acts(self) -> Mapping[str, Taken]:
        """Cue acts."""
        return {"cue.show": Taken(ShowCue, self._show)}

    def _show(self, who: Who, body: ShowCue) -> str:
        sentence = unfit_cue(body)
        if sentence:
            return sentence
        cue = Cue(t_ns=self.hall.now_ns, by=who.operator, **msgspec.structs.asdict(body))
        self.hall.emit("cue.shown", person(who.operator), **msgspec.to_builtins(cue))
        return ""


def unfit_cue(body: ShowCue) -> str:
    """Why a cue cannot be shown, "" if it can."""
    if len(body.title) > MAX_TITLE or max(len(body.text), len(body.narration)) > MAX_TEXT:
        return f"A caption has a title of at most {MAX_TITLE} letters and a text of {MAX_TEXT:,}"
    lists = (body.stops, body.things, body.layers_on, body.layers_off)
    if max(map(len, lists)) > MAX_ENTRIES:
        return f"A cue names at most {MAX_ENTRIES} things, layers or stops of the camera"
    names = (*body.things, *body.layers_on, *body.layers_off, body.colour_by)
    if max(map(len, names)) > MAX_TITLE:
        return f"Things and layers have names of at most {MAX_TITLE} letters"
    numbers = [body.scene_s, body.pace, body.seconds, *(one for stop in body.stops for one in stop)]
    if not all(math.isfinite(one) and abs(one) <= MAX_REACH for one in numbers):
        return f"Times and places of a cue are numbers of at most {MAX_REACH:,.0f}"
    if any(stop[3] <= 0 or min(stop[6:]) < 0 for stop in body.stops):
        return "A camera stands some way off, and takes no less than no time"
    return ""


DESK = DeskType(id="cues", make=CueDesk)
