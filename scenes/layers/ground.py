"""Ground sheet and sky, so that the city never floats on a void."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.ground import Ground
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View


@dataclass(frozen=True, slots=True)
class GroundState:
    """The ground has no settings."""


class GroundVisual:
    """A disc that fades into the horizon and a sky gradient that meets it there."""

    def build(self, stage: Stage) -> None:
        """Make the disc."""
        self._stage = stage
        self._visible = True
        self._make()

    def _make(self) -> None:
        stage = self._stage
        self._at = (stage.ground_z_m, stage.built[1])
        self._ground = Ground(stage.renderer, stage.bounds_m, stage.built[1], stage.ground_z_m)
        self._ground.set_theme(stage.theme)
        self._ground.set_visible(self._visible)
        self._seen = b""

    def update(self, given: SceneInput, view: View, state: GroundState) -> bool:  # noqa: ARG002
        """Bend the sky to the new view; follow the ground of streamed tiles."""
        if self._at != (self._stage.ground_z_m, self._stage.built[1]):
            self._ground.dispose()
            self._make()
        if view.stamp == self._seen:
            return False
        self._seen = view.stamp
        self._ground.update(view)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide the disc."""
        self._visible = visible
        self._ground.set_visible(visible)
        self._seen = b""

    def dispose(self) -> None:
        """Take the disc out of the renderer."""
        self._ground.dispose()


LAYER = LayerType(
    id="ground", title="Ground and sky", state=GroundState, visual=GroundVisual, order=5
)
