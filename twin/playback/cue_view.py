"""What a scene's audience sees at a moment: from its cues to a pose, a caption, highlights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from twin.analysis.camera_path import CameraPath, Stop
from twin.analysis.pose import Pose
from twin.room.parts.cues import Cue

#: A camera at rest goes slowly round what it looks at, radians a second of the scene.
DRIFT_RAD_S = 0.010


@dataclass(frozen=True, slots=True)
class Caption:
    """What is read just now; both "" = nothing."""

    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Layers switched by the scene, and what the city is coloured by."""

    layers_on: tuple[str, ...] = ()
    layers_off: tuple[str, ...] = ()
    colour_by: str = ""


class _Flight:
    """The way of one camera cue; at its end the camera drifts round the middle of the picture."""

    def __init__(self, start: Pose, cue: Cue) -> None:
        stops = [Stop(_pose(one[:6]), one[6], one[7]) for one in cue.stops]
        is_jump = bool(stops) and stops[0].travel_s <= 0.0
        self._path = CameraPath(stops if is_jump else [Stop(start, 0.0, 0.0), *stops])
        self._start_s = cue.scene_s

    def at(self, scene_s: float) -> Pose:
        """The pose at a time of the scene."""
        passed_s = scene_s - self._start_s
        pose = self._path.at(passed_s)
        rested_s = max(passed_s - self._path.duration_s, 0.0)
        return replace(pose, azimuth_rad=pose.azimuth_rad + DRIFT_RAD_S * rested_s)


class CueView:
    """Follows the cues of a room. One thread.

    Parameters
    ----------
    start : where the camera stands before the first cue
    """

    def __init__(self, start: Pose) -> None:
        self._start = start
        self._flight: _Flight | None = None
        self._camera: Cue | None = None
        self.caption, self.things, self.look = Caption(), tuple[str, ...](), Look()

    def pose(self, scene_s: float) -> Pose | None:
        """Where the camera is then, None while no cue has moved it."""
        return None if self._flight is None else self._flight.at(scene_s)

    def follow(self, cues: Mapping[str, Cue], scene_s: float) -> None:
        """Take over the cues that hold at a time of the scene."""
        camera = cues.get("camera")
        if camera is None:
            self._camera = self._flight = None
        elif camera != self._camera and camera.stops:
            before = self.pose(camera.scene_s) or self._start
            self._camera, self._flight = camera, _Flight(before, camera)
        caption = cues.get("caption")
        is_over = caption is None or (
            caption.seconds > 0 and scene_s >= caption.scene_s + caption.seconds
        )
        self.caption = (
            Caption() if caption is None or is_over else Caption(caption.title, caption.text)
        )
        highlight, look = cues.get("highlight"), cues.get("look")
        self.things = highlight.things if highlight is not None else ()
        self.look = (
            Look(look.layers_on, look.layers_off, look.colour_by) if look is not None else Look()
        )


def _pose(numbers: tuple[float, ...]) -> Pose:
    x, y, z, distance_m, azimuth_rad, elevation_rad = numbers
    return Pose(
        focal_m=(x, y, z), distance_m=distance_m, azimuth_rad=azimuth_rad,
        elevation_rad=elevation_rad,
    )  # fmt: skip
