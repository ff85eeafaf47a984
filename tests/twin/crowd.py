"""Many real consoles in one process: they speak, mark, point, and say what they know.

``python -m tests.twin.crowd CONTROL FOLDER FIRST COUNT`` joins consoles and obeys lines on its
standard input: "work SECONDS", "tell SEQ" (one JSON line once all are there), "end".
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

from tests.twin.hub_rig import CLOCK
from twin.ids import uuid7
from twin.link.client import HubClient
from twin.link.presence import Look, PresenceState
from twin.room.model import Operator

DEPARTMENTS = ("traffic", "fire", "water", "police", "energy")


class Crowd:
    """Started consoles, numbered through all processes."""

    def __init__(self, control: str, folder: Path, first: int, count: int) -> None:
        self._dice = random.Random(first)
        self.clients = [self._join(control, folder, n) for n in range(first, first + count)]

    def _join(self, control: str, folder: Path, number: int) -> HubClient:
        client = HubClient(
            endpoint=control,
            operator=Operator(
                name=f"Operator {number}",
                department=DEPARTMENTS[number % len(DEPARTMENTS)],
                console_id=f"console-{number}",
            ),
            outbox_path=folder / f"outbox-{number}.sqlite",
            clock=CLOCK,
        )
        client.start()
        return client

    def poll(self) -> None:
        for client in self.clients:
            client.poll()

    def work(self, seconds: float, acts_a_second: float) -> None:
        """Look around ten times a second each, and now and then mark or write something."""
        end = time.monotonic() + seconds
        share = acts_a_second / (10 * len(self.clients))
        while time.monotonic() < end:
            began = time.monotonic()
            for client in self.clients:
                client.show(PresenceState(look=self._look(), selected=f"Thing {began:.1f}"))
                if self._dice.random() < share:
                    self._act(client)
            self.poll()
            time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))

    def _look(self) -> Look:
        x, y = (self._dice.randrange(-100_000, 100_000) for _ in range(2))
        return Look(x_cm=x, y_cm=y, z_cm=0, distance_cm=40_000, azimuth=0, elevation=6_000)

    def _act(self, client: HubClient) -> None:
        if self._dice.random() < 0.5:
            client.act("message.post", {"channel": "room", "text": "All is well here"})
            return
        at = [self._dice.uniform(-1e3, 1e3), self._dice.uniform(-1e3, 1e3), 0.0]
        body = {"id": uuid7(), "kind": "note", "points": [at], "title": "Here"}
        client.act("mark.put", body)

    def has_reached(self, seq: int) -> bool:
        self.poll()
        return all(c.room.seq >= seq and not c.status().n_in_outbox for c in self.clients)

    def told(self) -> dict[str, Any]:
        """What each console knows, and what the process takes."""
        now_ns = CLOCK.monotonic_ns()
        return {
            "rooms": [[c.room.seq, c.room.state_hash()] for c in self.clients],
            "others": [len(c.presences.others(now_ns)) for c in self.clients],
            "refused": sum(len(c.refusals) for c in self.clients),
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        }

    def close(self) -> None:
        for client in self.clients:
            client.close()


def main() -> None:
    """Obey the lines of standard input."""
    control, folder, first, count = sys.argv[1:5]
    crowd = Crowd(control, Path(folder), int(first), int(count))
    end = time.monotonic() + 60
    while not crowd.has_reached(1) and time.monotonic() < end:
        time.sleep(0.01)
    print(json.dumps({"joined": crowd.has_reached(1)}), flush=True)
    for line in sys.stdin:
        word, *more = line.split()
        if word == "work":
            crowd.work(float(more[0]), acts_a_second=0.2 * len(crowd.clients))
            print(json.dumps({"worked": True}), flush=True)
        elif word == "tell":
            end = time.monotonic() + 60
            while not crowd.has_reached(int(more[0])) and time.monotonic() < end:
                time.sleep(0.01)
            print(json.dumps(crowd.told()), flush=True)
        else:
            break
    crowd.close()


if __name__ == "__main__":
    main()
