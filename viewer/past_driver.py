"""Which history the console asks: what the command line or the person named, or the recording."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from twin.errors import TwinError
from twin.playback.tape import Tape
from twin.recording.reading import Recording
from twin.session import TwinSession
from viewer.settings import Settings


def set_up_history(
    session: TwinSession, settings: Settings, folder: Path | None, tape: Tape
) -> Callable[[], None]:
    """Open what there is and remember what the person chooses; lets go when it is called.

    A folder that is gone is passed over: it may come back with its disk.
    """
    shelf = session.history
    named = folder or settings.history_folder
    if named is not None:
        with contextlib.suppress(TwinError):
            shelf.open_folder(named)
    if isinstance(tape, Recording):
        shelf.show_recording(tape)

    def keep(_nothing: None) -> None:
        settings.history_folder = shelf.folder

    disconnect = shelf.changed.connect(keep)

    def end() -> None:
        disconnect()
        shelf.close()

    return end
