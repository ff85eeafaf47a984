"""The actions every console window has: workspaces, panels, camera, theme, find."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from viewer.workspaces import Workspace
from widgets.actions import Action
from widgets.find_groups import PANEL_GROUP

if TYPE_CHECKING:
    from viewer.main_window import MainWindow

#: id, title, key, what the camera controls know it by
_CAMERA = (
    ("view.home", "Show the whole city", "Home", "Home"),
    ("view.frame_selection", "Frame what is selected", "F", "F"),
    ("view.north_up", "Turn north up", "N", "N"),
    ("view.from_above", "Look from above", "T", "T"),
)


def add_window_actions(window: MainWindow, workspaces: Iterable[Workspace]) -> None:
    """Fill the window's table. They live as long as the window."""
    table = window.actions_table
    table.add(Action(id="find.open", title="Find…", key="Ctrl+K", run=window.find_box.open))
    table.add(Action(id="window.back_out", title="Back out", key="Esc", run=window.back_out))
    table.add(
        Action(
            id="incident.new",
            title="Open an incident…",
            icon="incident",
            run=window.session.want_incident,
        )
    )
    for action_id, title, key, name in _CAMERA:
        table.add(
            Action(
                id=action_id,
                title=title,
                key=key,
                group="View",
                run=partial(window.view_keys.press, name),
            )
        )
    for workspace in workspaces:
        table.add(_workspace_action(window, workspace))
    for dock in window.docks.values():
        table.add(
            Action(
                id=f"panel.show.{dock.record.id}",
                title=f"Show {dock.record.title}",
                key=dock.record.key,
                group=PANEL_GROUP,
                icon=dock.record.icon,
                run=partial(window.show_panel, dock.record.id),
                checked=dock.isVisible,
            )
        )
    for dock in window.docks.values():
        table.add(
            Action(
                id=f"panel.float.{dock.record.id}",
                title=f"Move {dock.record.title} to a window of its own, or back",
                group=PANEL_GROUP,
                run=partial(window.float_panel, dock.record.id),
                checked=dock.isFloating,
            )
        )
    _add_window_group(window)


def _workspace_action(window: MainWindow, workspace: Workspace) -> Action:
    return Action(
        id=f"workspace.{workspace.id}",
        title=f"Workspace {workspace.title}",
        key=workspace.key,
        group="Window",
        run=lambda: window.show_workspace(workspace.id),
        checked=lambda: window.workspace == workspace.id,
    )


def _add_window_group(window: MainWindow) -> None:
    table = window.actions_table
    table.add(
        Action(
            id="window.toggle_theme",
            title="Switch between light and dark",
            key="Ctrl+Shift+T",
            group="Window",
            run=window.toggle_theme,
        )
    )
    table.add(
        Action(
            id="window.full_screen",
            title="Full screen",
            key="F11",
            group="Window",
            run=window.view_keys.toggle_full_screen,
            checked=window.isFullScreen,
        )
    )
    table.add(
        Action(
            id="window.reset_layout",
            title="Put all panels back in place",
            group="Window",
            run=window.reset_layout,
        )
    )
    layouts = window.layouts
    table.add(
        Action(
            id="window.keep_for_role",
            title="Keep this arrangement for everybody of my role at this machine",
            group="Window",
            run=layouts.keep_for_role,
            enabled=lambda: bool(layouts.start.role),
        )
    )
    table.add(
        Action(
            id="window.forget_role",
            title="Forget the arrangement that is kept for my role",
            group="Window",
            run=layouts.forget_role,
            enabled=lambda: layouts.has_role_layout,
        )
    )
    table.add(
        Action(id="window.quit", title="Quit", key="Ctrl+Q", group="Window", run=window.close)
    )
