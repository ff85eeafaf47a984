"""Introduces the scene and the viewport to each other and both to the session. GUI thread."""

from __future__ import annotations

from scenes.city_scene import CityScene
from scenes.legend import Legend as SceneLegend
from scenes.pick import Pick
from scenes.scene_input import SceneInput, input_from_stores
from twin.clock import NS_PER_S
from twin.ramps import Ramp
from twin.session import NOTHING, Selection, TwinSession
from twin.tiles.governor import GPU_FPS, SOFTWARE_FPS
from viewer.run_recorder import RunRecorder
from widgets.layer_list import LayerEntry, LayerList, Legend
from widgets.viewport import Viewport

#: Without a graphics card moving things are redrawn at most this often …
SOFTWARE_MOTION_HZ = 25.0
#: … and drawing them takes at most this share of the time: the hand comes first.
SOFTWARE_MOTION_SHARE = 0.8
COLOUR_LAYER = "buildings"


class SceneDriver:
    """Draws the session in the viewport and brings picks back.

    Layers follow `LayerList`; the selection, colouring and flights follow the session's signals.
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        scene: CityScene,
        viewport: Viewport,
        layers: LayerList,
        recorder: RunRecorder,
    ) -> None:
        self._session = session
        self._scene = scene
        self._viewport = viewport
        self._layers = layers
        self._recorder = recorder
        self._given: SceneInput | None = None
        self._legend: SceneLegend | None = None
        self._drawn_ns = 0
        self._update_ms = 0.0
        self._told: dict[str, tuple[bool, bool]] = {}
        self._pose = scene.camera.pose
        self._is_urgent = True
        self._targets: frozenset[str] = frozenset()
        layers.fill(self._entries())
        self._disconnects = [
            session.selection_changed.connect(self._hurry),
            session.colour_by_changed.connect(self._hurry),
            session.style_changed.connect(self._hurry),
            session.areas_changed.connect(self._hurry),
            session.room_changed.connect(self._take_room),
            session.fly_to_requested.connect(self._fly_to),
            layers.changed.connect(self._take_layer),
            layers.ramp_changed.connect(self._take_ramp),
            viewport.clicked.connect(self._select_at),
            viewport.frame_drawn.connect(recorder.note_frame),
            viewport.frame_drawn.connect(self._note_frame),
        ]
        viewport.set_draw(self.draw)

    @property
    def given(self) -> SceneInput | None:
        """What was drawn last."""
        return self._given

    def draw(self) -> bool:
        """Bring the scene to this moment; True when a frame is wanted. Once a tick."""
        clock = self._session.clock
        started_ns = clock.monotonic_ns()
        self._session.poll()
        if not self._is_due(started_ns):
            return False
        self._drawn_ns = started_ns
        self._pose = self._scene.camera.pose
        self._is_urgent = False
        self._given = input_from_stores(
            observations=self._session.observations,
            units=self._session.units,
            now_ns=clock.now_ns(),
            selection=self._session.selection,
            colour_by=self._session.colour_by,
            targets=self._targets,
            style=self._session.style,
            areas=self._session.areas,
            previous=self._given,
        )
        changed = self._scene.update(self._given)
        self._tell_legend()
        self._layers.show_style_outcome(self._scene.style_outcome)
        self._update_ms = (clock.monotonic_ns() - started_ns) / 1e6
        self._recorder.note_update(self._update_ms)
        self._tell_missing()
        return changed

    def _note_frame(self, took_ms: float) -> None:
        """Let the scene keep the frame rate while the camera moves."""
        governor = self._scene.governor
        governor.target_fps = GPU_FPS if self._viewport.has_gpu else SOFTWARE_FPS
        self._scene.note_frame(self._update_ms + took_ms)

    def _tell_missing(self) -> None:
        """Say once what is missing of a streamed source, and when that has changed."""
        for status in self._scene.source_status:
            kinds = (bool(status.missing), bool(status.waiting))
            if kinds != self._told.get(status.id, (False, False)):
                self._told[status.id] = kinds
                if status.sentence:
                    self._session.message.emit(status.sentence)

    def close(self) -> None:
        """Let go of session, viewport and scene."""
        for disconnect in self._disconnects:
            disconnect()
        self._viewport.set_draw(None)
        self._scene.dispose()

    def _is_due(self, now_ns: int) -> bool:
        """Software GL: camera and streamed tiles at full rate, moving things as there is time."""
        if self._viewport.has_gpu or self._is_urgent or self._scene.camera.pose != self._pose:
            return True
        if not self._scene.is_settled:
            return True
        pause_ns = self._recorder.usual_frame_ms * 1e6 / SOFTWARE_MOTION_SHARE
        return now_ns - self._drawn_ns >= max(pause_ns, NS_PER_S / SOFTWARE_MOTION_HZ)

    def _hurry(self, _change: object) -> None:
        self._is_urgent = True

    def _take_room(self, changed: frozenset[str]) -> None:
        if "commands" in changed:
            commands = self._session.hub.room.commands.values()
            self._targets = frozenset(c.request.target_id for c in commands if not c.is_terminal)

    def _fly_to(self, target: tuple[float, float, float, float]) -> None:
        self._scene.camera.fly_to(target[:3], target[3])
        self._is_urgent = True

    def hurry(self) -> None:
        """Draw with the next tick although nothing of the room moved."""
        self._is_urgent = True

    def _select_at(self, at_px: tuple[float, float]) -> None:
        if self._scene.tools.click(*at_px):
            self._is_urgent = True
            return
        self.select_pick(self._scene.pick(*at_px))

    def select_pick(self, pick: Pick | None) -> None:
        """Select what was picked; ground is marked where it was picked."""
        if pick is not None:
            self._scene.keep_picked(pick)
            self._is_urgent = True
        self._session.select(selection_from_pick(pick))

    # -- layers ------------------------------------------------------------------------------

    def _entries(self) -> list[LayerEntry]:
        return [
            LayerEntry(
                id=record.id,
                title=record.title,
                state=self._scene.layer_state(record.id),
                visible=self._scene.is_layer_visible(record.id),
            )
            for record in self._scene.layers
            if record.is_listed
        ]

    def _take_layer(self, entry: LayerEntry) -> None:
        self._scene.set_layer_visible(entry.id, entry.visible)
        self._scene.set_layer_state(entry.id, entry.state)
        self._is_urgent = True

    def _take_ramp(self, ramp: Ramp) -> None:
        self._layers.set_field(COLOUR_LAYER, "ramp", ramp)

    def _tell_legend(self) -> None:
        legend = self._scene.legend
        if legend is not self._legend:
            self._legend = legend
            self._layers.show_legend(None if legend is None else panel_legend(legend))


def selection_from_pick(pick: Pick | None) -> Selection:
    """What a click selects: a symbol before a building, nothing for bare ground and sky."""
    if pick is None or pick.is_ground:
        return NOTHING
    if pick.unit_id:
        return Selection(unit_id=pick.unit_id)
    if pick.thing_id:
        return Selection(thing_id=pick.thing_id)
    return Selection(feature=pick.feature)


def panel_legend(legend: SceneLegend) -> Legend:
    """The scene's legend as the layers panel shows it."""
    return Legend(
        title=legend.title,
        unit=legend.unit,
        vmin=legend.vmin,
        vmax=legend.vmax,
        ramp=legend.ramp,
        classes=tuple((name, _hex(rgb)) for name, rgb in legend.classes),
        no_data=_hex(legend.no_data or (0, 0, 0)),
        note=legend.note,
    )


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02X}{:02X}{:02X}".format(*rgb)
