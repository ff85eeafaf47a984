"""The menu of a right click in the 3D view: what can be done here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu

from scenes.pick import Pick
from twin.commanding import accepted_types, target_of
from twin.session import ComposeRequest, TwinSession
from widgets.actions import ActionTable, fill_menu

FLY_DISTANCE_M = 250.0


def fill_scene_menu(
    menu: QMenu,
    *,
    session: TwinSession,
    actions: ActionTable,
    pick: Pick | None,
    select: Callable[[Pick], None],
) -> None:
    """Commands of what was hit, then flying there, then the view's actions. GUI thread."""
    if pick is not None:
        target = target_of(session, pick.thing_id or pick.unit_id)
        if target is not None:
            menu.addSection(target.name)
            for command_type in accepted_types(target):
                request = ComposeRequest(target_id=target.id, type_id=command_type.id)
                entry = menu.addAction(f"{command_type.title}…")
                entry.triggered.connect(partial(_compose, session, request))
        menu.addSeparator()
        menu.addAction("Inspect").triggered.connect(lambda _checked=False: select(pick))
        menu.addAction("Fly here").triggered.connect(
            lambda _checked=False: session.fly_to_requested.emit(
                (*pick.xyz_local_m, FLY_DISTANCE_M)
            )
        )
    menu.addSeparator()
    fill_menu(menu, actions, actions.in_group("View"))


def _compose(session: TwinSession, request: ComposeRequest, _checked: bool = False) -> None:
    session.compose(request)
