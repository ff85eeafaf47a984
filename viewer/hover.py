"""The hover card: name, up to three values and their age of what the pointer rests on."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPoint

from scenes.city_scene import CityScene
from scenes.controls import PointerControls
from scenes.layers.units import SILENT_S
from scenes.pick import Pick
from twin.clock import NS_PER_S
from twin.sense.model import OBSERVED_PROPERTIES
from twin.session import TwinSession
from viewer.city_pane_time import behind_text
from widgets.hover_card import HoverCard
from widgets.parts.feature_lookup import near_attributes
from widgets.viewport import Viewport

#: Attributes worth a line when they are there, in this order.
TELLING = ("name", "use", "height_m", "storeys", "measuredHeight", "height", "yearOfConstruction")
MAX_LINES = 3

CardText = tuple[str, list[tuple[str, str]], str]


class HoverTeller:
    """Shows the card where the pointer rests. GUI thread; `close` at the end.

    Parameters
    ----------
    behind_ns : how far behind live the view is
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        viewport: Viewport,
        scene: CityScene,
        controls: PointerControls,
        behind_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self._session = session
        self._viewport = viewport
        self._scene = scene
        self._controls = controls
        self._behind_ns = behind_ns
        self._card = HoverCard(viewport)
        self._disconnect = viewport.hovered.connect(self._tell)

    def close(self) -> None:
        """Stop listening."""
        self._disconnect()
        self._card.hide()

    def _tell(self, at_px: tuple[float, float] | None) -> None:
        pick = None
        if at_px is not None and not self._controls.is_dragging:
            pick = self._scene.pick(*at_px)
        text = None if pick is None else card_text(self._session, pick)
        behind = behind_text(self._behind_ns())
        if text is not None and behind:  # values are known of now only
            text = text[0], [], f"This view is {behind}"
        if text is None or at_px is None:
            self._card.hide()
            return
        ratio = self._viewport.devicePixelRatioF()
        at = QPoint(round(at_px[0] / ratio), round(at_px[1] / ratio))
        self._card.show_card(at, *text)


def card_text(session: TwinSession, pick: Pick) -> CardText | None:
    """Title, lines and caption of a pick; None for what needs no card (ground, streets, water)."""
    if pick.unit_id:
        return _unit_text(session, pick.unit_id)
    if pick.thing_id:
        return _thing_text(session, pick.thing_id)
    if pick.n_stood_for:
        return f"{pick.n_stood_for} sensors", [], "Click to come nearer"
    if pick.feature < 0:
        return None
    features = session.city.features
    if not features.kind(pick.feature).startswith(("Building", "Bridge")):
        return None
    return _feature_text(session, pick.feature)


def _unit_text(session: TwinSession, unit_id: str) -> CardText | None:
    slot = session.units.slot_of(unit_id)
    if slot < 0:
        return None
    unit = session.units.units[slot]
    age_s = (session.clock.now_ns() - session.units.last_seen_ns(slot)) / NS_PER_S
    told = f"silent for {age_s:.0f} s" if age_s > SILENT_S else f"seen {age_s:.0f} s ago"
    return unit.name, [("Kind", unit.kind.replace("_", " "))], told


def _thing_text(session: TwinSession, thing_id: str) -> CardText | None:
    thing = session.observations.things.get(thing_id)
    if thing is None:
        return None
    lines, newest_ns = _values(session, thing_id)
    age_s = (session.clock.now_ns() - newest_ns) / NS_PER_S
    return thing.name, lines, f"{age_s:.0f} s ago" if newest_ns else "no value yet"


def _values(session: TwinSession, thing_id: str) -> tuple[list[tuple[str, str]], int]:
    snapshot = session.observations.snapshot()
    datastreams = session.observations.datastreams
    lines, newest_ns = [], 0
    for slot in session.observations.slots_of_thing(thing_id)[:MAX_LINES]:
        if slot >= len(snapshot.values) or math.isnan(snapshot.values[slot]):
            continue
        stream = datastreams[slot]
        known = OBSERVED_PROPERTIES.get(stream.observed_property)
        title = known[0] if known else stream.observed_property.replace("_", " ").capitalize()
        lines.append((title, f"{snapshot.values[slot]:.4g} {stream.unit}".strip()))
        newest_ns = max(newest_ns, int(snapshot.t_ns[slot]))
    return lines, newest_ns


def _feature_text(session: TwinSession, row: int) -> CardText:
    features = session.city.features
    attributes = near_attributes(session, row)
    title = str(attributes.get("name") or features.ids[row])
    lines = [
        (name.removesuffix("_m").replace("_", " ").capitalize(), _value_text(name, value))
        for name, value in attributes.items()
        if name in TELLING and name != "name"
    ]
    return title, lines[:MAX_LINES], features.kind(row)


def _value_text(name: str, value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4g} m" if "eight" in name else f"{value:.4g}"
