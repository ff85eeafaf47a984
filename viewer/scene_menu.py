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
EXPORT_GROUP = "Export"


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
        menu.addAction("Open an incident here…").triggered.connect(
            lambda _checked=False: session.want_incident(pick.xyz_local_m)
        )
    menu.addSeparator()
    if pick is not None and pick.feature >= 0 and not pick.is_ground:
        _add_export_of(menu, session, actions, pick, select)
    fill_menu(menu.addMenu(EXPORT_GROUP), actions, actions.in_group(EXPORT_GROUP))
    menu.addSeparator()
    fill_menu(menu, actions, actions.in_group("View"))


def _add_export_of(
    menu: QMenu,
    session: TwinSession,
    actions: ActionTable,
    pick: Pick,
    select: Callable[[Pick], None],
) -> None:
    """Exports of what was hit, or of the whole selection when it belongs to it."""
    is_selected = pick.feature in session.selection.rows
    what = "selection" if is_selected and len(session.selection.rows) > 1 else "this"

    def run(action_id: str) -> None:
        if not is_selected:
            select(pick)
        actions.run(action_id)

    for action_id, kind in (("export.model", "model (GLB)"), ("export.table", "table")):
        if actions.get(action_id) is not None:
            entry = menu.addAction(f"Export {what} as {kind}…")
            entry.triggered.connect(lambda _checked=False, i=action_id: run(i))


def _compose(session: TwinSession, request: ComposeRequest, _checked: bool = False) -> None:
    session.compose(request)
