"""What the sun's depth map frames, and the light it gives at each height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkRenderingCore import vtkCamera

from scenes.pose import Pose
from twin.arrays import Float64Array

#: The near cell reaches this many distances of the eye from what it looks at.
NEAR_REACH = 0.75
LEAST_REACH_M = 90.0
#: What is left of the sky at night: dark, and yet houses are told apart on the pale sheet.
NIGHT_SKY = np.array([0.60, 0.67, 0.80])
#: Framing moves in steps, so that the map is not drawn anew with every move of the camera.
_SIZE_STEP = 1.3
_PLACE_STEPS = 6.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A disc of the city that a cell of the map covers, metres, local frame."""

    x_m: float
    y_m: float
    z_m: float
    radius_m: float


def near_frame(pose: Pose, city: Frame) -> Frame:
    """What lies around the middle of the picture, rounded so that it seldom changes."""
    wanted = float(np.clip(pose.distance_m * NEAR_REACH, LEAST_REACH_M, city.radius_m))
    radius = float(_SIZE_STEP ** np.ceil(np.log(wanted) / np.log(_SIZE_STEP)))
    step = radius / _PLACE_STEPS
    x, y, z = (float(np.round(value / step) * step) for value in pose.focal_m)
    return Frame(x, y, z, radius * (1.0 + 0.5 / _PLACE_STEPS))


def sun_camera(frame: Frame, towards_sun: Float64Array, reach_m: float) -> vtkCamera:
    """A parallel camera that looks along the sun's rays at a frame.

    Parameters
    ----------
    towards_sun : (3,) unit
    reach_m : how far before and behind the frame things may stand
    """
    middle = np.array([frame.x_m, frame.y_m, frame.z_m])
    camera = vtkCamera()
    camera.ParallelProjectionOn()
    camera.SetFocalPoint(*middle)
    camera.SetPosition(*(middle + towards_sun * reach_m))
    camera.SetViewUp(*((0.0, 1.0, 0.0) if abs(towards_sun[2]) > 0.98 else (0.0, 0.0, 1.0)))
    camera.SetParallelScale(frame.radius_m)
    camera.SetClippingRange(0.0, 2.0 * reach_m)
    return camera


def light_of(elevation_rad: float, is_dark: bool) -> tuple[Float64Array, Float64Array]:
    """Colours (3,) of sunlight and of the sky's light at a height of the sun.

    An architectural reading of the day, not radiometry: warm and weak near the horizon, and a
    sky that dims through the twilights (18 degrees).
    """
    height = float(np.degrees(elevation_rad))
    strength = 0.76 * float(np.clip((height + 1.0) / 13.0, 0.0, 1.0)) ** 0.6
    warmth = float(np.clip(1.0 - height / 25.0, 0.0, 1.0))
    sun = strength * np.array([1.0, 1.0 - 0.18 * warmth, 1.0 - 0.42 * warmth])
    day = float(np.clip((height + 8.0) / 20.0, 0.0, 1.0))
    sky = np.array([0.61, 0.63, 0.68]) * day + NIGHT_SKY * (1.0 - day)
    return (sun * 0.75, sky) if is_dark else (sun, sky)
