"""What the 3D view shows, as the "In view" panel reads it: asked from the app, without drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twin.session import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class InViewLine:
    """One thing the picture shows.

    Attributes
    ----------
    text : what a screen reader says: name, kind, values, part of the picture, distance
    title, detail : the same in two lines for the eye
    """

    title: str
    detail: str
    text: str
    selection: Selection
    xyz_local_m: tuple[float, float, float]


def _nothing() -> Sequence[InViewLine]:
    return ()


class InViewList:
    """Answers what is in view just now, in reading order. GUI thread; some milliseconds a call."""

    def __init__(self) -> None:
        self.ask: Callable[[], Sequence[InViewLine]] = _nothing
        #: Moves with the camera: the same number, the same view.
        self.version: Callable[[], object] = lambda: None
