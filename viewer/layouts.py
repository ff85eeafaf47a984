"""Workspaces of one window as they were left: by each operator, for their role, or as they come."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QMainWindow

from viewer.dock_layout import DockLayout
from viewer.floating_docks import FloatingDocks
from viewer.role_starts import ANYBODY, RoleStart
from viewer.settings import LAYOUT_VERSION, Settings
from viewer.workspaces import WORKSPACES, Workspace
from widgets.panel_dock import PanelDock


class Layouts:
    """Arranges, keeps and forgets. GUI thread.

    An operator's own arrangement counts before the one kept for their role on this machine, that
    before what the workspace comes with.

    Attributes
    ----------
    workspace : the present one
    """

    def __init__(
        self,
        *,
        window: QMainWindow,
        docks: Mapping[str, PanelDock],
        layout: DockLayout,
        settings: Settings,
        owner: str,
        floating: FloatingDocks | None = None,
    ) -> None:
        self._window = window
        self._docks = docks
        self._layout = layout
        self._settings = settings
        self._owner = owner
        self._start = ANYBODY
        self.floating = floating or FloatingDocks(docks)
        known = {w.id: w for w in WORKSPACES}
        last = settings.workspace_of(owner) or settings.workspace
        self.workspace = known.get(last, WORKSPACES[0])

    @property
    def start(self) -> RoleStart:
        """Where whoever sits here begins."""
        return self._start

    @property
    def has_role_layout(self) -> bool:
        """Whether an arrangement is kept for the role."""
        return bool(self._start.role) and self._settings.has_layouts(self._role_owner)

    @property
    def _role_owner(self) -> str:
        return f"role {self._start.role}"

    def enter(self, workspace: Workspace) -> None:
        """Arrange a workspace as it was left, for the role, or as it comes."""
        self.workspace = workspace
        extra = self._start.panels.get(workspace.id, ())
        self._layout.arrange(workspace, extra)  # places what a remembered layout does not know
        owner = self._owner
        state = self._settings.layout(workspace.id, owner)
        if state.isEmpty() and self._start.role:
            owner = self._role_owner
            state = self._settings.layout(workspace.id, owner)
        if state.isEmpty():
            self.floating.forget()
            return
        self._window.restoreState(state, LAYOUT_VERSION)
        self.floating.restore(self._settings.floating(workspace.id, owner))

    def remember(self) -> None:
        """Keep the present workspace as it is, for its operator."""
        self._settings.workspace = self.workspace.id
        self._settings.set_workspace_of(self._owner, self.workspace.id)
        self._keep(self._owner)

    def keep_for_role(self) -> None:
        """Keep the present workspace as the start of everybody of this role on this machine."""
        if self._start.role:
            self._keep(self._role_owner)

    def forget_role(self) -> None:
        """Forget what was kept for the role."""
        self._settings.forget_layouts(self._role_owner)

    def reset(self) -> None:
        """Forget the operator's own arrangements; arrange the present workspace anew."""
        self._settings.forget_layouts(self._owner)
        self.floating.forget()
        self.enter(self.workspace)

    def take_start(self, start: RoleStart) -> Workspace | None:
        """Learn the role of whoever sits here; the workspace to go to, if they have none yet."""
        if start == self._start:
            return None
        self._start = start
        if self._settings.workspace_of(self._owner):
            return None
        return next((w for w in WORKSPACES if w.id == start.workspace), None)

    def _keep(self, owner: str) -> None:
        state = self._window.saveState(LAYOUT_VERSION)
        self._settings.set_layout(self.workspace.id, state, owner)
        self._settings.set_floating(self.workspace.id, self.floating.text(), owner)
