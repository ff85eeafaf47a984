"""Following a camera that is told ten times a second: smooth between its words."""

from __future__ import annotations

import math

from twin.analysis.pose import Pose

#: After so long two thirds of the way to the newest word are gone.
TIME_S = 0.18
#: So near, the camera is where it should be, and rests.
REST_M, REST_RAD = 0.02, 2e-4


class SmoothPose:
    """Runs after a target pose. Directions go the short way round."""

    def __init__(self, start: Pose) -> None:
        self.pose = start

    def towards(self, target: Pose, dt_s: float) -> Pose:
        """The pose after another ``dt_s`` seconds."""
        share = 1.0 - math.exp(-max(dt_s, 0.0) / TIME_S)
        now = self.pose
        turn = math.remainder(target.azimuth_rad - now.azimuth_rad, math.tau)
        away = math.dist(target.focal_m, now.focal_m)
        tilt = target.elevation_rad - now.elevation_rad
        reach = math.log(max(target.distance_m, 1e-3) / max(now.distance_m, 1e-3))
        is_there = away + abs(reach) * target.distance_m < REST_M
        if is_there and abs(turn) + abs(tilt) < REST_RAD:
            return now
        x, y, z = (a + (b - a) * share for a, b in zip(now.focal_m, target.focal_m, strict=True))
        self.pose = Pose(
            focal_m=(x, y, z),
            distance_m=now.distance_m * math.exp(reach * share),
            azimuth_rad=now.azimuth_rad + turn * share,
            elevation_rad=now.elevation_rad + tilt * share,
        )
        return self.pose
