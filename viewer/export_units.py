"""Records where units are, second by second, and writes them as CZML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twin.export.czml import UnitRecorder
from twin.session import TwinSession
from widgets.bridge import Bridge

EVERY_MS = 1000


class UnitRecording:
    """One recording from its start to its file. GUI thread.

    Raises
    ------
    CrsError
        The city is not georeferenced.

    Parameters
    ----------
    full : called once when no more positions are taken
    """

    def __init__(
        self, session: TwinSession, bridge: Bridge, path: Path, full: Callable[[], object]
    ) -> None:
        self.path = path
        self._session = session
        self._full = full
        self._recorder = UnitRecorder(session.city.origin)
        self._stop_timer = bridge.every(EVERY_MS, self._note)
        self._note()

    def stop(self) -> None:
        """Take no more positions."""
        self._stop_timer()

    def write(self) -> str:
        """Write the file; one sentence on what is in it. Any thread, after `stop`.

        Raises
        ------
        OSError
            It cannot be written.
        """
        recorder = self._recorder
        self.path.write_bytes(recorder.czml())
        return (
            f"{self.path.name} holds {recorder.n_units:,} units"
            f" with {recorder.n_positions:,} positions"
        )

    def _note(self) -> None:
        if self._recorder.is_full:
            self.stop()
            self._full()
            return
        now_ns = self._session.clock.now_ns()
        units = self._session.units
        self._recorder.add(now_ns, units.units, units.at(now_ns).xyz_local_m)
