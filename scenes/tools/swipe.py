"""Before and after: left of a line the colours of when the tool was switched on."""

from __future__ import annotations

from dataclasses import dataclass, field

from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from scenes.billboards import Billboards, Rgba, joined, rectangle, text_quads
from scenes.scene_input import SceneInput
from scenes.swipe_shader import PART_ID, SWIPE_PART
from scenes.tool import Bench, ModeVisual, ToolType
from scenes.view import View
from twin.analysis.finding import Finding, Row
from twin.city.residents import ResidentFeatures
from twin.theme import rgb_from_hex

RANK = 72
_CORNER = (0.0, 0.0, 0.0)
_STREAMED = "A streamed city keeps no colours of before: the swipe needs a city read whole"


@dataclass(frozen=True, slots=True)
class SwipeState:
    """Where the line is."""

    share: float = field(
        default=0.5,
        metadata={"title": "Line", "min": 0.0, "max": 1.0, "help": "From the left to the right"},
    )
    again: bool = field(
        default=False,
        metadata={"title": "Take colours anew", "help": "Each change keeps the present as before"},
    )


class SwipeVisual(ModeVisual):
    """A copy of the style texture, and the line."""

    def build(self, bench: Bench) -> None:
        """Keep the colours of this moment."""
        stage = bench.stage
        self._stage = stage
        self._line = Billboards(stage.overlay, stage.atlas, RANK, on_screen=True)
        self._ink: Rgba = (*rgb_from_hex(stage.theme.scene["label_text"]), 1.0)
        self._halo: Rgba = (*rgb_from_hex(stage.theme.scene["label_halo"]), 1.0)
        self._old: vtkTexture | None = None
        self._again = False
        self._seen: tuple[object, ...] = ()
        self._before = ""

    def update(self, given: SceneInput, view: View, state: SwipeState) -> bool:
        """Follow line and window."""
        self._line.fit(view)
        if isinstance(self._stage.asset.features, ResidentFeatures):
            self.finding = Finding(rows=(Row("Swipe", _STREAMED),))
            return False
        if self._old is None or state.again != self._again:
            self._again = state.again
            self._keep(given)
        seen = (state, view.size_px, given.colour_by, self._before)
        if seen == self._seen:
            return False
        self._seen = seen
        at_px = state.share * view.size_px[0]
        self._stage.surface_shader.GetFragmentCustomUniforms().SetUniformf("swipeAt", at_px)
        self._draw(view, round(at_px), given.colour_by)
        return True

    def dispose(self) -> None:
        """Show the present everywhere."""
        self._stage.drop_shader_part(PART_ID)
        self._stage.surface_property.RemoveTexture("swipeOld")
        self._line.dispose()

    def _keep(self, given: SceneInput) -> None:
        image = vtkImageData()
        image.DeepCopy(self._stage.style.texture.GetInput())
        texture = vtkTexture()
        texture.SetInputData(image)
        texture.InterpolateOff()
        texture.MipmapOff()
        texture.RepeatOff()
        texture.SetColorModeToDirectScalars()
        self._old, self._before = texture, given.colour_by
        self._stage.surface_property.SetTexture("swipeOld", texture)
        self._stage.add_shader_part(SWIPE_PART)

    def _draw(self, view: View, at_px: int, colour_by: str) -> None:
        ratio = view.pixel_ratio
        height, thin, top = view.size_px[1], max(1, round(ratio)), view.size_px[1] - 34 * ratio
        words = (
            (f"Before: {_named(self._before)}", at_px - 10 * ratio, 1.0),
            (f"Now: {_named(colour_by)}", at_px + 10 * ratio, 0.0),
        )
        parts = [
            rectangle(_CORNER, (at_px - 2 * thin, 0, at_px + 2 * thin, height), self._halo),
            rectangle(_CORNER, (at_px - thin, 0, at_px + thin, height), self._ink),
        ]
        for text, pen, align in words:
            place, atlas = (pen, top), self._stage.atlas
            quads = text_quads(atlas, text, _CORNER, place, self._ink, self._halo, align=align)
            parts.append(quads)
        self._line.set_quads(joined(parts))
        rows = (Row("Left, before", _named(self._before)), Row("Right, now", _named(colour_by)))
        self.finding = Finding(rows=rows)


def _named(colour_by: str) -> str:
    return colour_by.replace("_", " ") or "city model"


TOOL = ToolType(
    id="swipe",
    title="Before and after",
    help="Compare the colours of now with those of when this was switched on",
    icon="swipe",
    kind="mode",
    key="Shift+W",
    state=SwipeState,
    visual=SwipeVisual,
    order=70,
)
