"""The record of a dock panel and what every panel is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from PySide6.QtWidgets import QWidget

from twin.registry import Registry
from twin.session import TwinSession
from twin.signals import Signal
from twin.theme import Theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.in_view_list import InViewList
from widgets.layer_list import LayerList
from widgets.together_list import TogetherList
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

Area = Literal["left", "right", "bottom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelContext:
    """Everything a panel may use; there are no globals.

    Attributes
    ----------
    session : the twin; its `selection` and `changed` signals fire on the GUI thread
    bridge : timers and background jobs
    theme : colours when the panel is made
    theme_changed : the person chose another theme; a panel that paints with its colours connects
        and disconnects in `Panel.release` (style sheets and icons of labels follow by themselves)
    actions : named actions of the whole window (find box, menus, keys)
    layers : what the scene draws and how; filled by the app, changed by the layers panel
    tools : tools of the 3D view and what they found; filled by the app
    views : bookmarks and tours; filled by the app
    in_view : what the 3D view shows, in words; answered by the app
    together : whom one follows, who calls, and asking for it; done by the app
    """

    session: TwinSession
    bridge: Bridge
    theme: Theme
    actions: ActionTable
    layers: LayerList = field(default_factory=LayerList)
    tools: ToolList = field(default_factory=ToolList)
    views: ViewList = field(default_factory=ViewList)
    in_view: InViewList = field(default_factory=InViewList)
    together: TogetherList = field(default_factory=TogetherList)
    theme_changed: Signal[Theme] = field(default_factory=lambda: Signal[Theme]())


class Panel(Protocol):
    """What the main window calls on a panel's widget. GUI thread."""

    def refresh(self) -> None:
        """Show what is new; called at most 5 times a second, only while visible."""
        ...

    def release(self) -> None:
        """Let go of signals and timers; called once, before the widget is destroyed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelType:
    """Record of one panel (upper-case ``PANEL`` of a module in `widgets.panels`).

    ``create`` returns a QWidget that also has the methods of `Panel`.
    ``order`` sorts the tabs within an area; ``workspaces`` names those it is shown in at first
    ("overview", "monitor", "incidents", "command", "review"); empty = those that show its area.
    ``icon`` names a file of ``resources/icons``, ``key`` raises the panel. ``enter`` is called with
    the widget when a person goes to the panel: by its key, by name, by a counter. ``acknowledge``
    is called with it by the key of that name and says whether there was something to.
    """

    id: str
    title: str
    area: Area
    create: Callable[[PanelContext], QWidget]
    order: int = 50
    icon: str = ""
    key: str = ""
    workspaces: tuple[str, ...] = ()
    enter: Callable[[Any], object] | None = None
    acknowledge: Callable[[Any], bool] | None = None


def panel_registry() -> Registry[PanelType]:
    """All panels."""
    return Registry(PanelType).load_all("widgets.panels")
