"""Frames of a scene with some of its layers, and what their pixels show."""

from __future__ import annotations

import numpy as np


def draw(target, scene, given):
    """Bring the scene to this moment and draw it: (height, width, 3) int."""
    scene.update(given)
    assert scene.failures == {}
    target.render()
    return target.pixels().astype(int)


def only(scene, *layers):
    """Switch all layers off but these."""
    for record in scene.layers:
        scene.set_layer_visible(record.id, record.id in layers)


def count_near(image, rgb, within=40):
    """How many pixels have about a colour."""
    return int((np.abs(image - np.array(rgb)).max(axis=2) < within).sum())


def near(image, pixel, rgb, reach=4, within=40):
    """Whether a colour is within some pixels of one."""
    x, y = (round(c) for c in pixel)
    part = image[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
    return bool((np.abs(part - rgb).max(axis=2) < within).any())
