"""What a console was doing when it ended natively, kept for whoever looks into it.

Each console has a file of its own in the state folder; faulthandler writes the stacks of all
threads there when the process gets a fatal signal. A console that ends in order removes its file.
The next one tells of files that a dead console left with something in them; those without were
killed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

_KEPT = 10


def left_behind(folder: Path) -> list[str]:
    """One sentence for each console that ended natively since the last look; newest last.

    Its notes are renamed, so that they are told once; the newest `_KEPT` stay.
    """
    sentences = []
    for path in sorted(folder.glob("running-*.txt"), key=lambda one: one.stat().st_mtime):
        if _is_alive(path):
            continue
        if not path.stat().st_size:  # killed, or the machine lost power: nothing to tell
            path.unlink(missing_ok=True)
            continue
        ended = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        kept = folder / f"crash-{ended:%Y%m%d-%H%M%S}-{path.stem.removeprefix('running-')}.txt"
        path.replace(kept)
        sentences.append(
            f"A console here ended by itself at {ended:%H:%M:%S} on {ended:%d %B}; what it was"
            f" doing is in {kept}"
        )
    for path in sorted(folder.glob("crash-*.txt"))[:-_KEPT]:
        path.unlink(missing_ok=True)
    return sentences


@contextlib.contextmanager
def noted(folder: Path) -> Iterator[None]:
    """While this runs a fatal signal leaves notes in `folder`."""
    path = folder / f"running-{os.getpid()}.txt"
    was_enabled = faulthandler.is_enabled()
    with path.open("w", encoding="utf-8") as file:
        faulthandler.enable(file, all_threads=True)
        try:
            yield
        finally:
            if was_enabled:
                faulthandler.enable()
            else:
                faulthandler.disable()
    path.unlink(missing_ok=True)


def _is_alive(path: Path) -> bool:
    try:
        number = int(path.stem.removeprefix("running-"))
        os.kill(number, 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return number != os.getpid()
