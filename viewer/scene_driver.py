"""Introduces the scene and the viewport of one view to each other and to the session. GUI."""

from __future__ import annotations

from collections.abc import Callable

from scenes.city_scene import CityScene
from scenes.pose import Pose
from scenes.scene_input import SceneInput, input_from_stores
from twin.clock import NS_PER_S
from twin.session import TwinSession
from twin.tiles.governor import GPU_FPS, SOFTWARE_FPS
from viewer.calm import Calm
from viewer.city_pane_look import PaneLook
from viewer.city_pane_time import SharedPast
from viewer.layer_driver import LayerDriver
from viewer.pick_driver import PickDriver
from viewer.room_in_view import RoomInView
from viewer.run_recorder import RunRecorder
from widgets.layer_list import LayerList
from widgets.viewport import Viewport

#: Without a graphics card moving things are redrawn at most this often …
SOFTWARE_MOTION_HZ = 25.0
#: … and drawing them takes at most this share of the time: the hand comes first.
SOFTWARE_MOTION_SHARE = 0.8
#: Weight of the newest frame in the usual one.
_SMOOTHING = 0.2


class SceneDriver:
    """Draws the session in one viewport, as often as it is worth it. GUI thread.

    Parameters
    ----------
    look : how this view draws the city; its owner changes it and calls `hurry`
    past : what is known of earlier moments, for views behind live
    share : what part of the thread's time this view may draw in, without a graphics card
    recorder : takes the figures of a run; None for all views but the first

    Attributes
    ----------
    picks : what clicks do
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
        self._layers = LayerDriver(session=session, scene=scene, hurry=self.hurry)
        self.picks = PickDriver(session=session, scene=scene, hurry=self.hurry)
        self._room = RoomInView(session)
        self._given: SceneInput | None = None
        self._drawn_ns = 0
        self._update_ms = 0.0
        self._usual_ms = 0.0
        self._told: dict[str, tuple[bool, bool]] = {}
        self._pose = scene.camera.pose
        self._is_urgent = True
        self._calm = Calm(session)
        self._size_px = (0, 0)
        #: Whether it always has the camera of the view it follows, and draws with it.
        self.is_in_step = False
        #: Whose camera this view takes over, None = its own.
        self.leader: Callable[[], Pose] | None = None
        self._led: Pose | None = None
        self._disconnects = [
            session.selection_changed.connect(self._hurry),
            session.areas_changed.connect(self._hurry),
            session.preview_changed.connect(self._hurry),
            session.draft_changed.connect(self._hurry),
            session.room_changed.connect(self._take_room),
            viewport.clicked.connect(self.picks.click),
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
        self._layers.tell()
        self._update_ms = (clock.monotonic_ns() - started_ns) / 1e6
        if self._recorder is not None:
            self._recorder.note_update(self._update_ms)
        self._tell_missing()
        return changed

    def _input(self) -> SceneInput:
        session, room, behind_ns = self._session, self._room, self.behind_ns
        self._room.follow_alarms()
        now_ns = session.clock.now_ns() - behind_ns
        return input_from_stores(
            observations=session.observations,
            units=session.units,
            now_ns=now_ns,
            selection=session.selection,
            colour_by=self._look.colour_by,
            alarms={} if behind_ns else room.alarms,
            alarm_spots=() if behind_ns else room.alarm_spots,
            targets=frozenset() if behind_ns else room.targets,
            style=self._look.style,
            areas=session.areas,
            preview=session.preview,
            leases={} if behind_ns else room.leases,
            is_drill=session.hub.is_drill,
            marks=session.marks,
            draft=session.draft,
            people=() if behind_ns else session.people(),
            incidents=room.incidents,
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
        if not self._layers.is_attached:  # the active view speaks for all, which share the city
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
        if is_pressing and (self._layers.is_attached or self.is_in_step):
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
        self._room.take(changed)

    def hurry(self) -> None:
        """Draw with the next tick although nothing of the room moved."""
        self._is_urgent = True

    def attach(self, layers: LayerList) -> None:
        """The panels now show and change the layers of this view."""
        self._layers.attach(layers)

    def detach(self) -> None:
        """The panels show another view."""
        self._layers.detach()
