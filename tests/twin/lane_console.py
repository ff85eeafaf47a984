"""A console as a process of its own: ``python -m tests.twin.lane_console ADDRESS``.

Prints its counters as a JSON line ten times a second, until its standard input closes.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from typing import Any

from tests.twin.lane_rig import Console
from twin.samples import choosing

#: Quicker than in earnest, so that a test need not wait.
LAG_LIMIT_S, CALM_LAG_S, WAIT_S = 0.5, 0.25, 0.5


def main(address: str) -> None:
    """Run a console."""
    choosing.LAG_LIMIT_S, choosing.CALM_LAG_S = LAG_LIMIT_S, CALM_LAG_S
    choosing.GRACE_S = 0.0
    choosing.FIRST_WAIT_S = choosing.LONGEST_WAIT_S = WAIT_S
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    with Console(address, capacity=2000) as console:
        while not stop.wait(0.1):
            stats, feed = console.ingest.stats(), console.feed()
            print(json.dumps({
                "lane": str(stats.lane), "lost": stats.lost, "lag_s": stats.lag_s,
                "received": feed.received if feed else 0, "gaps": stats.gaps,
                "skipped": stats.skipped, "malformed": stats.malformed,
            }), flush=True)  # fmt: skip


class ConsoleProcess:
    """That process, with its newest counters."""

    def __init__(self, address: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.twin.lane_console", address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.stats: dict[str, Any] = {"received": 0, "lane": "full", "lag_s": math.nan}
        self.lanes: list[str] = ["full"]
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.stats = json.loads(line)
            if self.lanes[-1] != self.stats["lane"]:
                self.lanes.append(self.stats["lane"])

    def __enter__(self) -> ConsoleProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


if __name__ == "__main__":
    main(sys.argv[1])
