"""Directions for a simulated city from whoever started it: JSON lines on its standard input.

A scene directs the weather, breaks sensors and drives, adds to what is observed, and gives the time
that the city may reach: so a scene and its city keep the same clock, however slow the machine is.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import BinaryIO, TypeAlias

import msgspec

from twin.errors import TwinError
from twin.sim.injecting import Shape
from twin.sim.world import World

_log = logging.getLogger(__name__)


class Until(msgspec.Struct, frozen=True, tag="until"):
    """The city may live until so many seconds after its start."""

    seconds: float


class Weather(msgspec.Struct, frozen=True, tag="weather"):
    """It rains that much, reached within so many seconds."""

    rain_mm_h: float
    seconds: float = 0.0


class Break(msgspec.Struct, frozen=True, tag="break"):
    """Something breaks, or is well again (see `World.break_down`)."""

    target: str
    kind: str


class Inject(msgspec.Struct, frozen=True, tag="inject"):
    """Something is added to what a datastream observes."""

    datastream: str
    shape: Shape
    by: float = 0.0
    seconds: float = 0.0


Direction: TypeAlias = Until | Weather | Break | Inject
_decoder: msgspec.json.Decoder[Direction] = msgspec.json.Decoder(Direction)


class Directions:
    """Reads directions on a thread of its own; the simulator takes them between two steps.

    Attributes
    ----------
    until_s : how far the city may live
    is_over : whoever directed is gone
    """

    def __init__(self, lines: BinaryIO) -> None:
        self._lines = lines
        self._mail: queue.SimpleQueue[Direction] = queue.SimpleQueue()
        self.until_s = 0.0
        self.is_over = threading.Event()
        threading.Thread(target=self._read, name="directions", daemon=True).start()

    def take(self, world: World) -> None:
        """Do what was said since the last call; what cannot be done is logged."""
        while not self._mail.empty():
            said = self._mail.get_nowait()
            try:
                self._do(said, world)
            except TwinError as error:
                _log.error("%s", error)

    def _do(self, said: Direction, world: World) -> None:
        match said:
            case Until(seconds=seconds):
                self.until_s = max(self.until_s, seconds)
            case Weather():
                world.weather.tell(said.rain_mm_h, said.seconds)
            case Break():
                world.break_down(said.target, said.kind)
            case Inject():
                world.inject(said.datastream, said.shape, said.by, said.seconds)

    def _read(self) -> None:
        for line in self._lines:
            try:
                self._mail.put(_decoder.decode(line))
            except msgspec.MsgspecError as error:
                _log.error("This is no direction: %s", error)
        self.is_over.set()


def line_of(direction: Direction) -> bytes:
    """A direction as one line for the standard input of a simulator."""
    return msgspec.json.encode(direction) + b"\n"
