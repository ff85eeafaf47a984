"""Only what is selected: everything else built is hidden, or a ghost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scenes.feature_texture import FeatureTexture
from scenes.scene_input import SceneInput
from scenes.shader_part import ShaderPart
from scenes.tool import Bench, ModeVisual, ToolType
from scenes.tools.lasso import GROUND_KINDS, kinds_of
from scenes.view import View
from twin.analysis.finding import Finding, Row
from twin.arrays import BoolArray
from twin.city.asset import Features

Others = Literal["ghost", "hidden"]
OWNER = "isolate"
GHOST_ID = "80-ghost"
_NOTHING = "Nothing is selected: click a building, or draw a lasso, then it is kept"
#: One pixel in four of a ghost is drawn, pale: a screen door, which needs no sorting.
_FRAGMENT = """
if (ghostVS > 0.5) {
  vec2 ghostPx = floor(gl_FragCoord.xy);
  if (depthPass == 1 || mod(ghostPx.x + 2.0 * ghostPx.y, 4.0) > 0.5) discard;
  ambientColor = mix(ambientColor, ghostPaper, 0.55);
}
"""
GHOST_PART = ShaderPart(
    id=GHOST_ID,
    vertex_inputs="\nuniform sampler2D ghostRows;\nflat out float ghostVS;\n",
    vertex="\nghostVS = texelFetch(ghostRows, ivec2(featureRow & 4095, featureRow >> 12), 0).r;\n",
    fragment_inputs="\nflat in float ghostVS;\n",
    fragment=_FRAGMENT,
    on_edges=True,
)


@dataclass(frozen=True, slots=True)
class IsolateState:
    """What becomes of the others."""

    others: Others = field(
        default="ghost",
        metadata={"choices": ("ghost", "hidden"), "help": "Pale and see-through, or gone"},
    )


class IsolateVisual(ModeVisual):
    """Keeps what was selected when it was switched on, or is selected first after that."""

    def build(self, bench: Bench) -> None:
        """Wait for a selection."""
        self._bench = bench
        self._ghosts = FeatureTexture()
        self._kept: tuple[int, ...] = ()
        self._seen: tuple[object, ...] = ()
        self.finding = Finding(hint=_NOTHING)

    def update(self, given: SceneInput, view: View, state: IsolateState) -> bool:  # noqa: ARG002
        """Take the selection once, then follow the setting."""
        if not self._kept:
            chosen = given.selection
            self._kept = chosen.features or ((chosen.feature,) if chosen.feature >= 0 else ())
        features = self._bench.stage.asset.features
        seen = (state, self._kept, features.n_features)
        if seen == self._seen or not self._kept:
            return False
        self._seen = seen
        self._show(others_of(features, self._kept), state.others)
        rows = [Row("Kept", f"{len(self._kept):,}", "features")]
        rows += [Row(kind, f"{n:,}") for kind, n in kinds_of(features, self._kept)]
        self.finding = Finding(rows=tuple(rows))
        return True

    def dispose(self) -> None:
        """Bring all back."""
        self._show(None, "ghost")

    def _show(self, others: BoolArray | None, look: Others) -> None:
        stage = self._bench.stage
        hidden = others if look == "hidden" else None
        stage.style.hide(OWNER, hidden)
        self._bench.picker.set_hidden(stage.style.hidden)
        if others is None or look == "hidden":
            stage.drop_shader_part(GHOST_ID)
            return
        self._ghosts.set_pairs(np.column_stack([others, others]).astype(np.float32))
        paper = tuple(int(stage.theme.scene["horizon"][k : k + 2], 16) / 255 for k in (1, 3, 5))
        for shader, look_of in (
            (stage.surface_shader, stage.surface_property),
            (stage.edge_shader, stage.edge_property),
        ):
            shader.GetFragmentCustomUniforms().SetUniform3f("ghostPaper", paper)
            shader.GetFragmentCustomUniforms().SetUniformi("depthPass", 0)
            look_of.SetTexture("ghostRows", self._ghosts.texture)
        stage.add_shader_part(GHOST_PART)


def others_of(features: Features, kept: tuple[int, ...]) -> BoolArray:
    """(N,) bool: built features that are neither kept nor relatives of what is kept."""
    rows = np.arange(features.n_features)
    parents = np.asarray(features.parents)
    root = np.where(parents >= 0, parents, rows)
    roots = np.unique(root[list(kept)])
    ground = np.array([name in GROUND_KINDS for name in (*features.kind_names, "")], bool)
    others: BoolArray = ~np.isin(root, roots) & ~ground[np.asarray(features.kind_codes)]
    return others


TOOL = ToolType(
    id="isolate",
    title="Isolate selection",
    help="Everything but the selection becomes a ghost, or is hidden",
    icon="isolate",
    kind="mode",
    key="Shift+I",
    state=IsolateState,
    visual=IsolateVisual,
    order=42,
)
