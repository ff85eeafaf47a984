"""Looking at a city that is loaded piece by piece, until its picture is complete."""

import time
from dataclasses import replace

from scenes.pose import Pose
from scenes.scene_input import SceneInput

STREET = Pose(focal_m=(0.0, 0.0, 5.0), distance_m=500.0, azimuth_rad=0.4, elevation_rad=0.6)
ELSEWHERE = replace(STREET, focal_m=(1500.0, 1500.0, 5.0))


def settle(scene, target, given=None, each=None):
    """Draw until the picture is complete and nobody wants another frame."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        changed = scene.update(given or SceneInput())
        if changed:
            target.render()
            if each is not None:
                each()
        elif scene.is_settled and scene.streamed.streamer.is_idle:
            return
        else:
            time.sleep(0.001)
    raise AssertionError("The picture was never complete")
