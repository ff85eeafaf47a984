"""The record of a tool of the 3D view, and what its visual is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from scenes.pick import Pick
from scenes.scene_input import SceneInput
from twin.analysis.finding import NOTHING_FOUND, Finding
from twin.arrays import Float64Array
from twin.registry import Registry
from twin.tiles.tile import Tile

if TYPE_CHECKING:
    from scenes.camera_rig import CameraRig
    from scenes.picker import Picker
    from scenes.stage import Stage
    from scenes.view import View

ToolKind = Literal["pointer", "mode"]
#: How a tool takes the pointer: clicks, or drags of the left button.
Grip = Literal["click", "drag"]
#: The key that a tool that drags is told when the button goes up.
RELEASE = "Release"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointerAt:
    """Where the pointer is, and what lies there.

    Attributes
    ----------
    x_px, y_px : device pixels from the top left
    pick : the triangle or ground under the pointer (symbols ignored); None on the sky
    view : the camera at this moment
    """

    x_px: float
    y_px: float
    pick: Pick | None
    view: View


@dataclass(slots=True, kw_only=True, eq=False)
class Bench:
    """What tools work on. GUI thread.

    Attributes
    ----------
    marker_m : place along the curve that is shown, that the person points at; None = nowhere
    """

    stage: Stage
    picker: Picker
    camera: CameraRig
    marker_m: float | None = None

    @property
    def tiles(self) -> Sequence[Tile]:
        """Tiles that are drawn now, streamed ones included."""
        return self.picker.tiles

    def cast(self, eye_m: Float64Array, ray: Float64Array) -> Pick | None:
        """What a ray (3,) from an eye (3,) meets first."""
        return self.picker.pick_ray(eye_m, ray)


class ToolVisual(Protocol):
    """The working side of a tool. GUI thread only; never reads a clock, a store or a socket."""

    def build(self, bench: Bench) -> None:
        """Make the actors; called when switched on, and again for another city or theme."""
        ...

    def update(self, given: SceneInput, view: View, state: Any) -> bool:
        """Bring all up to date, once a frame while on; whether anything drawn has changed."""
        ...

    def click(self, at: PointerAt) -> bool:
        """Take a click (or the end of a drag); True when a frame is wanted."""
        ...

    def move(self, at: PointerAt) -> bool:
        """The pointer rests somewhere else (clicks: hovers; drags: is dragged)."""
        ...

    def double_click(self, at: PointerAt) -> bool:
        """Take a double click: usually the end of a drawing. Its first click came before."""
        ...

    def key(self, name: str) -> bool:
        """Take "Backspace", "Enter" or another key; False when it is not the tool's."""
        ...

    @property
    def wants_clicks(self) -> bool:
        """Whether a mode takes clicks now, while no pointer tool is in hand."""
        ...

    @property
    def finding(self) -> Finding:
        """What is known now; the same object while nothing changed."""
        ...

    def dispose(self) -> None:
        """Take the actors out and let go of them."""
        ...


class ModeVisual:
    """Base of tools without a pointer: modes that stay until they are switched off."""

    finding: Finding = NOTHING_FOUND
    wants_clicks: bool = False

    def click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """Modes leave clicks alone."""
        return False

    def move(self, at: PointerAt) -> bool:  # noqa: ARG002
        """Modes do not follow the pointer."""
        return False

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """Modes leave double clicks alone."""
        return False

    def key(self, name: str) -> bool:  # noqa: ARG002
        """Modes leave keys alone."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolType:
    """Record of one tool (upper-case ``TOOL`` of a module in `scenes.tools`).

    Attributes
    ----------
    id : permanent, lower case
    title : sentence case; help : one sentence
    icon : name in ``resources/icons``; key : Qt's text of a key sequence, "" = none
    kind : "pointer" = one at a time, Esc leaves it; "mode" = stays beside others
    grip : what a pointer tool takes
    state : frozen dataclass of settings, as those of layers
    visual : makes the working side
    """

    id: str
    title: str
    help: str
    icon: str
    kind: ToolKind
    state: Callable[[], Any]
    visual: Callable[[], ToolVisual]
    key: str = ""
    grip: Grip = "click"
    order: int = 50


def tool_registry() -> Registry[ToolType]:
    """All tools."""
    return Registry(ToolType).load_all("scenes.tools")
