"""Makes the picture of docs/alarms.md: a hub, a simulator, a source whose part of the city falls
silent, and a console.

Needs a window system. ``scripts/screenshots.py alarms`` calls it.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.together_pictures import CIVITWIN, ROOT, city
from twin.clock import SystemClock
from twin.link.client import HubClient
from twin.room.model import Operator
from twin.room.parts.alarms import Alarm, Alarms
from twin.sense.ingest import SampleIngest
from twin.sense.model import Thing
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

NAMES = ("alarms",)
SECONDS = 45.0
_WAIT_S = 120.0
#: Things within this distance of the substation are without power.
_REACH_M = 700.0
#: The catalogue is whole when nothing was added in so many looks.
_LOOKS = 30
_ROOT = "power lost:substation"


def take(pictures: Path, size: str) -> bool:
    """Leave the picture in a folder; False when it is missing."""
    with tempfile.TemporaryDirectory() as name, city(Path(name)) as control:
        _raise_all(Path(name), control)
        settings = Path(name) / "console.ini"
        settings.write_text("[window]\nworkspace=monitor\n", encoding="utf-8")
        subprocess.run(
            [
                *(*CIVITWIN, "demo", "--hub", control, "--theme", "light", "--window", size),
                *("--operator", "Ada Brook", "--department", "control_room"),
                *("--settings", str(settings), "--panel", "alarms", "--seconds", str(SECONDS)),
                *("--screenshot", str(pictures / "alarms.png")),
            ],
            cwd=ROOT,
            check=False,
        )
    is_there = (pictures / "alarms.png").is_file()
    if not is_there:
        print("alarms: not taken")
    return is_there


def _raise_all(folder: Path, control: str) -> None:
    """Everything around one substation alarms, and three other things do."""
    clock = SystemClock()
    store = ObservationStore(capacity=20_000, history=8, clock=clock)
    units = UnitStore(capacity=2_000, history=8, clock=clock)
    ingest = SampleIngest(endpoint="", store=store, units=units, clock=clock)
    source = Operator(name="Grid watch", department="energy", console_id="grid-watch")
    client = HubClient(
        endpoint=control, operator=source, outbox_path=folder / "watch.sqlite", clock=clock
    )
    client.start()
    ingest.start()
    try:
        _until(lambda: client.poll() is not None and client.hub_info() is not None)
        info = client.hub_info()
        assert info is not None
        ingest.set_endpoint(info.addresses.samples_out)
        _until(_comes_no_more(lambda: len(store.things)))
        alarms = _alarms(store)
        client.act("alarm.raise", {"alarms": alarms})
        _until(lambda: len(_seen(client)) >= len(alarms))
        client.act("alarm.acknowledge", {"ids": [alarms[1]["id"]]})
        _until(lambda: _seen(client)[alarms[1]["id"]].acked_ns > 0)
    finally:
        ingest.close()
        client.close()


def _seen(client: HubClient) -> Mapping[str, Alarm]:
    client.poll()
    return client.room[Alarms].by_id.entries


def _alarms(store: ObservationStore) -> list[dict[str, Any]]:
    things = sorted(store.things.values(), key=lambda thing: thing.id)
    where = {thing.id: store.xyz_of_thing(thing.id).tolist() for thing in things}
    placed = [thing for thing in things if all(map(math.isfinite, where[thing.id]))]
    middle = min(placed, key=lambda thing: math.hypot(*where[thing.id][:2]))
    near = sorted(placed, key=lambda thing: math.dist(where[thing.id], where[middle.id]))
    within = [t for t in near if math.dist(where[t.id], where[middle.id]) < _REACH_M]
    alarms = [
        {
            "id": _ROOT, "title": "Substation has lost power", "priority": "critical",
            "thing_name": "Market substation", "xyz": where[middle.id], "department": "energy",
            "rule": "power lost", "is_first_up": True, "value_text": "0 kV",
            "response": "Call the grid desk; ask which feeders are out and for how long. Hospitals"
            " and pumps first.",
        },
        _alarm(within[3], where, "Air is bad", "medium", "88 µg/m³", "environment"),
        _alarm(near[-1], where, "Level is high", "high", "3.81 m", "water"),
        _alarm(near[-2], where, "Traffic stands", "low", "4 km/h", "traffic"),
    ]  # fmt: skip
    for thing in within[4:]:
        is_pump = "pump" in thing.kind
        title = "Pump has stopped" if is_pump else "Silent"
        priority = "critical" if is_pump else "high" if thing.accepts else "low"
        alarms.append(_alarm(thing, where, title, priority, "", "energy") | {"root": _ROOT})
    return alarms


def _alarm(
    thing: Thing, where: dict[str, Any], title: str, priority: str, value: str, department: str
) -> dict[str, Any]:
    return {
        "id": f"{title.lower()}:{thing.id}", "title": title, "priority": priority,
        "thing_id": thing.id, "thing_name": thing.name, "xyz": where[thing.id],
        "value_text": value, "department": department, "rule": title.lower(),
        "response": "Look at the thing's own values, then at what stands beside it.",
    }  # fmt: skip


def _comes_no_more(count: Callable[[], int]) -> Callable[[], bool]:
    """Whether something has come, and nothing more in the last `_LOOKS` looks."""
    counts = [0]

    def is_whole() -> bool:
        counts.append(count())
        return counts[-1] > 0 and len(counts) > _LOOKS and counts[-_LOOKS] == counts[-1]

    return is_whole


def _until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + _WAIT_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError("The city did not come up in time")
        time.sleep(0.1)
