"""Remembers the further views of a console between runs: where they lie and what they show."""

from __future__ import annotations

import base64
import logging
from typing import Any

import msgspec
from PySide6.QtCore import QByteArray

from scenes.pose import Pose
from twin.city.style import style_from_table, table_from_style
from twin.errors import TwinError
from viewer.city_pane import CityPane
from viewer.city_pane_docks import PaneDocks
from viewer.city_panes import CityPanes
from viewer.view_driver import kept_pose

_log = logging.getLogger(__name__)
#: More are not opened again by themselves: each costs memory and frames.
MOST_VIEWS = 8


class KeptView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One further view.

    Attributes
    ----------
    follows : name of the view whose camera it takes over, "" = none
    layers : by id whether it is shown
    style : table of a style, empty = the plain one
    """

    name: str
    pose: Pose
    is_plan: bool = False
    follows: str = ""
    colour_by: str = ""
    layers: dict[str, bool] = {}
    style: dict[str, Any] = {}


class KeptViews(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of them.

    Attributes
    ----------
    places : state of the docks, base64
    """

    views: tuple[KeptView, ...] = ()
    places: str = ""


def views_text(docks: PaneDocks) -> str:
    """What is to be remembered of the open views, as JSON; "" without any."""
    views = tuple(_kept(pane) for pane in docks.docked[:MOST_VIEWS])
    if not views:
        return ""
    state = bytes(docks.area.saveState().data())
    kept = KeptViews(views=views, places=base64.b64encode(state).decode("ascii"))
    return msgspec.json.encode(kept).decode()


def open_views(text: str, docks: PaneDocks, panes: CityPanes) -> None:
    """Open what `views_text` told of; a text that this version does not know opens nothing."""
    try:
        kept = msgspec.json.decode(text.encode(), type=KeptViews) if text else KeptViews()
        places = base64.b64decode(kept.places, validate=True)
    except (msgspec.MsgspecError, ValueError):
        _log.warning("The views of the last run cannot be read; none is opened")
        return
    for view in kept.views[:MOST_VIEWS]:
        _dress(docks.open(plan=view.is_plan, name=view.name), view)
    if kept.views and places:
        docks.area.restoreState(QByteArray(places))
    by_name = {pane.name: pane for pane in panes.all}
    for view in kept.views[:MOST_VIEWS]:
        pane, leader = by_name[view.name], by_name.get(view.follows)
        if leader is not None and leader is not pane:
            pane.follow(leader)
    panes.activate(panes.first)


def _kept(pane: CityPane) -> KeptView:
    scene, look = pane.scene, pane.look
    return KeptView(
        name=pane.name,
        pose=kept_pose(scene.camera.pose),
        is_plan=scene.camera.is_plan,
        follows=pane.leader.name if pane.leader is not None else "",
        colour_by=look.colour_by,
        layers={record.id: scene.is_layer_visible(record.id) for record in scene.layers},
        style=table_from_style(look.style),
    )


def _dress(pane: CityPane, view: KeptView) -> None:
    known = {record.id for record in pane.scene.layers}
    for layer_id, shown in view.layers.items():
        if layer_id in known:
            pane.scene.set_layer_visible(layer_id, shown)
    pane.look.colour_by = view.colour_by
    try:
        pane.look.style = style_from_table(view.style)
    except TwinError as error:
        _log.warning("%s", error)
    pane.scene.camera.set_pose(view.pose)
    pane.driver.hurry()
