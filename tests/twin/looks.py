"""Cameras for streamed cities, without VTK."""

import numpy as np

from twin.tiles.look import Look


def look_from(eye, focal, *, height_px=720, angle_deg=30.0, aspect=16 / 9):
    """A camera at ``eye`` that looks at ``focal``, north or up upwards."""
    eye, focal = np.array(eye, float), np.array(focal, float)
    forward = (focal - eye) / np.linalg.norm(focal - eye)
    side = np.cross(forward, [0.0, 0.0, 1.0] if abs(forward[2]) < 0.99 else [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    turn = np.array([side, np.cross(side, forward), -forward])
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, -turn @ eye
    near, far, tall = 1.0, 1e6, np.tan(np.radians(angle_deg) / 2)
    project = np.zeros((4, 4))
    project[0, 0], project[1, 1] = 1 / (tall * aspect), 1 / tall
    project[2, 2], project[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
    project[3, 2] = -1
    return Look(
        eye_m=eye,
        forward=forward,
        matrix=project @ view,
        height_px=height_px,
        view_angle_rad=float(np.radians(angle_deg)),
    )
