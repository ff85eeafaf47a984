"""Photographs and colours of façades, as the city's own file has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenes.layer import LayerType
from scenes.photo_pages import has_photographs
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.textured_faces import TexturedFaces
from scenes.view import View


@dataclass(frozen=True, slots=True)
class PhotographsState:
    """Settings of the photographs."""

    plain_colours: bool = field(
        default=False,
        metadata={"help": "Colours of the file also where the city has no photographs"},
    )


class PhotographsVisual:
    """Nothing for a city without photographs; else its textured faces above the plain ones.

    While a tool draws on the plain faces (shadows, a viewshed, a section) the photographs give
    way: they would hide what it shows, and stand where it cuts.
    """

    def build(self, stage: Stage) -> None:
        """Remember the city; its photographs are decoded when they are first wanted."""
        self._stage = stage
        self._faces: TexturedFaces | None = None
        # The lines of a timetable are known by their colours; houses stay grey unless asked.
        has_routes = "Route" in stage.asset.features.kind_names
        self._has_photographs = has_photographs(stage.asset) or has_routes
        self._seen = b""
        self._visible = True
        self._gives_way = False

    def update(self, given: SceneInput, view: View, state: PhotographsState) -> bool:  # noqa: ARG002
        """Attach one decoded page, follow the view."""
        wanted = self._has_photographs or state.plain_colours
        if not wanted or not self._stage.asset.materials:
            return self._without()
        if self._faces is None:
            self._faces = TexturedFaces(self._stage.renderer, self._stage.style, self._stage.asset)
            self._faces.set_visible(self._visible)
        changed = self._faces.attach_one() | self._give_way(self._faces)
        self._stage.held["photographs"] = self._faces.n_bytes
        if view.stamp != self._seen:
            self._seen = view.stamp
            self._faces.update(view)
            changed = True
        return changed

    def set_visible(self, visible: bool) -> None:
        """Show or hide the photographs; what is decoded is kept."""
        self._visible = visible
        self._seen = b""
        if self._faces is not None:
            self._faces.set_visible(visible and not self._gives_way)

    def dispose(self) -> None:
        """Take the photographs out of the renderer."""
        self._without()

    def _give_way(self, faces: TexturedFaces) -> bool:
        gives_way = bool(self._stage.look.parts)
        if gives_way == self._gives_way:
            return False
        self._gives_way = gives_way
        faces.set_visible(self._visible and not gives_way)
        return True

    def _without(self) -> bool:
        if self._faces is None:
            return False
        self._stage.held.pop("photographs", None)
        self._faces.dispose()
        self._faces = None
        self._gives_way = False
        return True


LAYER = LayerType(
    id="photographs",
    title="Photographs",
    state=PhotographsState,
    visual=PhotographsVisual,
    order=12,
    has_any=lambda city: bool(city.materials),
)
