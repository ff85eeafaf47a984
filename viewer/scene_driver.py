"""Introduces the scene and the viewport of one view to each other and to the session. GUI."""

from __future__ import annotations

from collections.abc import Callable

from scenes.city_scene import CityScene
from scenes.legend import Legend as SceneLegend
from scenes.pick import Pick
from scenes.pose import Pose
from scenes.scene_input import Priority, SceneInput, input_from_stores
from twin.clock import NS_PER_S
from twin.operations.alarm_places import AlarmSpot, alarm_spots, alarms_of_things
from twin.ramps import Ramp
from twin.room.parts.alarms import Alarms
from twin.room.parts.commands import Commands
from twin.room.parts.incidents import Incidents
from twin.room.parts.leases import Leases
from twin.session import NOTHING, Selection, TwinSession
from twin.tiles.governor import GPU_FPS, SOFTWARE_FPS
from twin.waiting import whoami
from viewer.calm import Calm
from viewer.city_pane_look import PaneLook
from viewer.city_pane_time import SharedPast
from viewer.run_recorder import RunRecorder
from widgets.layer_list import LayerEntry, LayerList, Legend
from widgets.viewport import Viewport

#: Without a graphics card moving things are redrawn at most this often …
SOFTWARE_MOTION_HZ = 25.0
#: … and drawing them takes at most this share of the time: the hand comes first.
SOFTWARE_MOTION_SHARE = 0.8
#: Weight of the newest frame in the usual one.
_SMOOTHING = 0.2
#: A badge that is clicked fills so much of the picture: its spread times this is the distance, at
#: most this share of the one before, and never nearer than this, metres.
BADGE_SPREADS, BADGE_SHARE, NEAREST_BADGE_M = 3.0, 0.6, 25.0
#: Alarms of the room are looked through so often at most.
ALARMS_EVERY_NS = NS_PER_S // 4
COLOUR_LAYER = "buildings"


class SceneDriver:
    """Draws the session in one viewport and brings picks back. GUI thread.

    Layers follow the `LayerList` it is attached to, which is that of the panels while its view is
    the active one; the selection follows the session.

    Parameters
    ----------
    look : how this view draws the city; its owner changes it and calls `hurry`
    past : what is known of earlier moments, for views behind live
    share : what part of the thread's time this view may draw in, without a graphics card
    recorder : takes the figures of a run; None for all views but the first
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        scene: CityScene,
        viewport: Viewport,
        look: PaneLook,
        past: SharedPast,
        share: Callable[[], float] = lambda: SOFTWARE_MOTION_SHARE,
        recorder: RunRecorder | None = None,
    ) -> None:
        self._session = session
        self._scene = scene
        self._viewport = viewport
        self._look = look
        self._past = past
        self._share = share
        self._recorder = recorder
        self._layers: LayerList | None = None
        self._detach: list[Callable[[], None]] = []
        self._given: SceneInput | None = None
        self._legend: SceneLegend | None = None
        self._drawn_ns = 0
        self._update_ms = 0.0
        self._usual_ms = 0.0
        self._told: dict[str, tuple[bool, bool]] = {}
        self._pose = scene.camera.pose
        self._is_urgent = True
        self._calm = Calm(session)
        self._size_px = (0, 0)
        self._targets: frozenset[str] = frozenset()
        self._leases: dict[str, bool] = {}
        self._alarms: dict[str, Priority] = {}
        self._alarm_spots: tuple[AlarmSpot, ...] = ()
        self._catalogue_of_spots = -1
        self._alarms_taken_ns = 0
        self._incidents = session.hub.room[Incidents].open
        #: Whether it always has the camera of the view it follows, and draws with it.
        self.is_in_step = False
        #: Whose camera this view takes over, None = its own.
        self.leader: Callable[[], Pose] | None = None
        self._led: Pose | None = None
        self._take_room(frozenset({"commands", "leases"}))
        self._disconnects = [
            session.selection_changed.connect(self._hurry),
            session.areas_changed.connect(self._hurry),
            session.preview_changed.connect(self._hurry),
            session.draft_changed.connect(self._hurry),
            session.room_changed.connect(self._take_room),
            viewport.clicked.connect(self._select_at),
            viewport.frame_drawn.connect(self._note_frame),
        ]
        viewport.set_draw(self.draw)

    @property
    def given(self) -> SceneInput | None:
        """What was drawn last."""
        return self._given

    @property
    def behind_ns(self) -> int:
        """How far behind live the view is: no further back than positions are kept."""
        return min(self._look.behind_ns, self._past.reach_ns())

    def draw(self) -> bool:
        """Bring the scene to this moment; True when a frame is wanted. Once a tick."""
        clock = self._session.clock
        started_ns = clock.monotonic_ns()
        self._session.poll()
        self._follow()
        if not self._is_due(started_ns):
            return False
        self._drawn_ns = started_ns
        self._pose = self._scene.camera.pose
        self._is_urgent = False
        self._given = self._input()
        changed = self._scene.update(self._given)
        self._calm.note_update(changed=changed)
        self._tell_look()
        self._update_ms = (clock.monotonic_ns() - started_ns) / 1e6
        if self._recorder is not None:
            self._recorder.note_update(self._update_ms)
        self._tell_missing()
        return changed

    def _input(self) -> SceneInput:
        session, behind_ns = self._session, self.behind_ns
        self._follow_alarms()
        now_ns = session.clock.now_ns() - behind_ns
        return input_from_stores(
            observations=session.observations,
            units=session.units,
            now_ns=now_ns,
            selection=session.selection,
            colour_by=self._look.colour_by,
            alarms={} if behind_ns else self._alarms,
            alarm_spots=() if behind_ns else self._alarm_spots,
            targets=frozenset() if behind_ns else self._targets,
            style=self._look.style,
            areas=session.areas,
            preview=session.preview,
            leases={} if behind_ns else self._leases,
            is_drill=session.hub.is_drill,
            marks=session.marks,
            draft=session.draft,
            people=() if behind_ns else session.people(),
            incidents=self._incidents,
            previous=self._given,
            past=self._past.at(now_ns) if behind_ns else None,
        )

    def _follow(self) -> None:
        """Take over the leader's camera, until this one is moved by hand."""
        if self.leader is None:
            return
        camera = self._scene.camera
        if camera.is_flying:  # on its way to be a plan, or from one
            self._led = None
            return
        if self._led is not None and camera.pose != self._led and not self.is_in_step:
            self.leader = self._led = None
            return
        camera.set_pose(self.leader())
        self._led = camera.pose

    def follow(self, leader: Callable[[], Pose] | None) -> None:
        """Follow a camera from now on, None = no more."""
        self.leader, self._led = leader, None
        self._is_urgent = True

    def _note_frame(self, took_ms: float) -> None:
        """Let the scene keep the frame rate while the camera moves."""
        governor = self._scene.governor
        governor.target_fps = GPU_FPS if self._viewport.has_gpu else SOFTWARE_FPS
        frame_ms = self._update_ms + took_ms
        self._usual_ms += (frame_ms - self._usual_ms) * _SMOOTHING
        self._scene.note_frame(frame_ms)
        if self._recorder is not None:
            self._recorder.note_frame(took_ms)

    def _tell_missing(self) -> None:
        """Say once what is missing of a streamed source, and when that has changed."""
        if self._layers is None:  # the active view speaks for all: they share what is streamed
            return
        for status in self._scene.source_status:
            self._session.sources.tell(status.id, status.words)
            kinds = (bool(status.missing), bool(status.waiting))
            if kinds != self._told.get(status.id, (False, False)):
                self._told[status.id] = kinds
                if status.sentence:
                    self._session.message.emit(status.sentence)

    def close(self) -> None:
        """Let go of session, viewport and scene."""
        self.detach()
        for disconnect in self._disconnects:
            disconnect()
        self.leader = None
        self._viewport.set_draw(None)
        self._scene.dispose()

    def _is_due(self, now_ns: int) -> bool:
        """Software GL: camera and streamed tiles at full rate, moving things as there is time.

        Views beside the active one wait for their share of the time even while they move. Where
        nothing moves all views are looked at twice a second.
        """
        is_pressing = self._is_urgent or self._scene.camera.pose != self._pose
        is_pressing = is_pressing or not self._scene.is_settled or self._is_resized()
        if is_pressing:
            self._calm.stir()
        elif now_ns - self._drawn_ns < self._calm.pause_ns():
            return False
        if self._viewport.has_gpu:
            return True
        if is_pressing and (self._layers is not None or self.is_in_step):
            return True
        pause_ns = self._usual_ms * 1e6 / self._share()
        if not is_pressing:
            pause_ns = max(pause_ns, NS_PER_S / SOFTWARE_MOTION_HZ)
        return now_ns - self._drawn_ns >= pause_ns

    def _is_resized(self) -> bool:
        size = (self._viewport.width(), self._viewport.height())
        was, self._size_px = self._size_px, size
        return size != was

    def _hurry(self, _change: object) -> None:
        self._is_urgent = True

    def _take_room(self, changed: frozenset[str]) -> None:
        self._calm.stir()
        room = self._session.hub.room
        if "commands" in changed:
            self._targets = frozenset(c.request.target_id for c in room[Commands].open)
        if "alarms" in changed:
            self._catalogue_of_spots = -1
        if "incidents" in changed:
            self._incidents = room[Incidents].open
        if "leases" in changed:
            me = whoami(self._session).identity
            self._leases = {
                lease.asset_id: lease.holder is not None and lease.holder.identity == me
                for lease in room[Leases].held
            }

    def _follow_alarms(self) -> None:
        """Rings and marks follow the room; where there is a thing they stand at its symbol.

        At most four times a second: in a flood there are thousands, and more with every frame.
        """
        observations, now_ns = self._session.observations, self._session.clock.monotonic_ns()
        is_early = now_ns - self._alarms_taken_ns < ALARMS_EVERY_NS
        if observations.catalogue_version == self._catalogue_of_spots or is_early:
            return
        alarms = self._session.hub.room[Alarms].by_id.entries.values()
        self._catalogue_of_spots, self._alarms_taken_ns = observations.catalogue_version, now_ns
        self._alarms = {
            thing_id: priority.value for thing_id, priority in alarms_of_things(alarms).items()
        }
        self._alarm_spots = alarm_spots(alarms, observations.things)

    def hurry(self) -> None:
        """Draw with the next tick although nothing of the room moved."""
        self._is_urgent = True

    def _select_at(self, at_px: tuple[float, float]) -> None:
        if self._scene.tools.click(*at_px):
            self._is_urgent = True
            return
        self.select_pick(self._scene.pick(*at_px))

    def select_pick(self, pick: Pick | None) -> None:
        """Select what was picked; ground is marked where it was, a badge opens, a mark tells.

        Where a form asked for a place, the click gives it that in place of selecting.
        """
        if pick is not None and self._session.give_point(pick.xyz_local_m):
            return
        if pick is not None and pick.n_stood_for:
            self._open_badge(pick)
            return
        if pick is not None and pick.mark_id:
            self._session.mark_inspected.emit(pick.mark_id)
            return
        if pick is not None and pick.alarm_id:
            self._session.alarm_inspected.emit(pick.alarm_id)
            return
        if pick is not None and pick.incident_id:
            self._session.inspect_incident(pick.incident_id)
            return
        if pick is not None:
            self._scene.keep_picked(pick)
            self._is_urgent = True
        self._session.select(selection_from_pick(pick))

    def _open_badge(self, badge: Pick) -> None:
        """Go so near that what a badge stands for is seen apart; nearer with each click."""
        now_m = self._scene.camera.distance_m
        if now_m <= 1.05 * NEAREST_BADGE_M:
            self._session.message.emit(
                f"{badge.n_stood_for} sensors stand at one place; the panel Sensors lists each"
            )
            return
        distance_m = min(BADGE_SPREADS * badge.spread_m, BADGE_SHARE * now_m)
        x, y, z = badge.xyz_local_m
        self._session.fly_to_requested.emit((x, y, z, max(distance_m, NEAREST_BADGE_M)))

    # -- layers ------------------------------------------------------------------------------

    def attach(self, layers: LayerList) -> None:
        """The panels now show and change the layers of this view."""
        self._layers = layers
        layers.show_entries(self._entries())
        layers.show_legend(None if self._legend is None else panel_legend(self._legend))
        self._detach = [
            layers.changed.connect(self._take_layer),
            layers.ramp_changed.connect(self._take_ramp),
        ]

    def detach(self) -> None:
        """The panels show another view."""
        self._layers = None
        for detach in self._detach:
            detach()
        self._detach = []

    def _entries(self) -> list[LayerEntry]:
        return [
            LayerEntry(
                id=record.id,
                title=record.title,
                state=self._scene.layer_state(record.id),
                visible=self._scene.is_layer_visible(record.id),
            )
            for record in self._scene.layers
            if record.is_listed and record.has_any(self._session.city)
        ]

    def _take_layer(self, entry: LayerEntry) -> None:
        self._scene.set_layer_visible(entry.id, entry.visible)
        self._scene.set_layer_state(entry.id, entry.state)
        self._is_urgent = True

    def _take_ramp(self, ramp: Ramp) -> None:
        if self._layers is not None:
            self._layers.set_field(COLOUR_LAYER, "ramp", ramp)

    def _tell_look(self) -> None:
        """What colours mean and what the style did, for the panels."""
        legend, is_new = self._scene.legend, self._scene.legend is not self._legend
        self._legend = legend
        if self._layers is None:
            return
        if is_new:
            self._layers.show_legend(None if legend is None else panel_legend(legend))
        self._layers.show_style_outcome(self._scene.style_outcome)


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
