"""The watcher: follows the samples of a hub, runs the room's event rules, raises their alarms.

Hard-won rules (tests/twin/test_rules_watcher.py):

1. Nothing is decided before the room was read: what is open there is open here, after restarts too.
2. What is wanted is found by comparing with the room, each second; so an act that got lost is asked
   again and an alarm that is there is not raised twice.
3. An alarm whose datastream has not been announced yet is left as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

from twin.clock import NS_PER_S, Clock
from twin.hub.rule_files import RuleFile
from twin.link.client import HubClient
from twin.link.status import LinkState
from twin.perception.rules_alarms import acts_of, compare
from twin.perception.rules_file import RuleSheet, load_rules
from twin.perception.rules_model import CompiledRule, EventRule, RuleError, compiled
from twin.perception.rules_naming import ALARM_PREFIX
from twin.perception.rules_running import RuleBook
from twin.perception.rules_selection import Directory
from twin.room.model import Operator
from twin.room.parts.alarms import Alarm, Alarms
from twin.room.parts.event_rules import EventRules
from twin.security.client_security import ClientSecurity, apply_security
from twin.security.sealed import Signer
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

MAX_DATASTREAMS = 200_000
MAX_ALARMS_AN_ACT = 500
PERIOD_NS = NS_PER_S
#: Other datastreams are looked at no more often than this.
DIRECTORY_NS = 2 * NS_PER_S
#: What was asked is not asked again so soon.
ASKED_NS = 5 * NS_PER_S
_WEIGHTY = 100


class Watcher:
    """Watches one hub. `start`, `step` and `close` on one thread.

    Parameters
    ----------
    files : of rules, brought into the room; read again when they change
    outbox : of what was not acknowledged; of this run only

    Attributes
    ----------
    n_ticks : how often the rules were asked

    Raises
    ------
    TwinError
        From the constructor: a file of rules cannot be used.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        operator: Operator,
        files: Iterable[Path],
        outbox: Path,
        clock: Clock,
        security: ClientSecurity | None = None,
        signer: Signer | None = None,
    ) -> None:
        self._clock = clock
        self._security = security
        self._files = [RuleFile(path, load_rules) for path in files]
        self._store = ObservationStore(capacity=MAX_DATASTREAMS, history=1, clock=clock)
        self._ingest = SampleIngest(
            endpoint="", store=self._store, units=UnitStore(capacity=1, history=8, clock=clock),
            clock=clock, configure=self._configure,
        )  # fmt: skip
        self._client = HubClient(
            endpoint=endpoint, operator=operator, outbox_path=outbox, clock=clock,
            with_presence=False, security=security, signer=signer,
        )  # fmt: skip
        self._book = RuleBook()
        self._seen_rules: tuple[tuple[str, int, int, bool], ...] | None = None
        self._catalogue_version = -1
        self._directory_ns = self._tick_ns = -(10**18)
        self._asked: dict[str, int] = {}
        self._loads: dict[str, int] = {}
        self._weighty: deque[str] = deque(maxlen=_WEIGHTY)
        self.n_ticks = 0

    @property
    def is_watching(self) -> bool:
        """Whether the room holds the rules of all files, and they were asked."""
        sheets: list[RuleSheet | None] = [one.value for one in self._files]
        return self.n_ticks > 0 and all(map(self._is_in_room, sheets or [None]))

    @property
    def n_rules(self) -> int:
        """Rules that run."""
        return len(self._book.running)

    @property
    def n_datastreams(self) -> int:
        """Datastreams that are known."""
        return self._store.n_datastreams

    @property
    def n_open(self) -> int:
        """Alarms that are open by the rules."""
        return sum(int(one.is_open.sum()) for one in self._book.running.values())

    @property
    def trouble(self) -> str:
        """What somebody should know, one sentence; "" when all is well."""
        status = self._client.status()
        if status.state is not LinkState.LIVE:
            return status.text
        of_files = next((one.trouble for one in self._files if one.trouble), "")
        of_files = of_files or self._other_content()
        return of_files or self._refused() or self._ingest.stats().trouble

    def _refused(self) -> str:
        """Why the hub does not take what matters; that an alarm was over already does not."""
        found = (one.text for one in reversed(self._client.refusals) if one.id in self._weighty)
        return next(found, "")

    def start(self) -> None:
        """Begin to listen."""
        self._client.start()
        self._ingest.start()

    def step(self) -> None:
        """Hear what is new, and ask the rules when a second has passed; never waits."""
        moved = self._client.poll()
        info = self._client.hub_info()
        if info is not None and info.addresses.samples_out != self._ingest.endpoint:
            self._ingest.set_endpoint(info.addresses.samples_out)
        if not self._client.joined_seq:
            return
        if self._seen_rules is None or "event_rules" in moved:
            self._take_rules()
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._tick_ns >= PERIOD_NS:
            is_late = now_ns - self._tick_ns >= 2 * PERIOD_NS
            self._tick_ns = now_ns if is_late else self._tick_ns + PERIOD_NS
            self._tick(now_ns)

    def close(self) -> None:
        """Let go of the sockets; open alarms stay as they are."""
        self._ingest.close()
        self._client.close()

    # --- once a second ------------------------------------------------------------------------

    def _tick(self, now_ns: int) -> None:
        self._follow_directory(now_ns)
        snapshot = self._store.snapshot()
        self._book.step(self._clock.now_ns(), snapshot.t_ns, snapshot.values, snapshot.quality)
        self.n_ticks += 1
        if self._client.status().state is LinkState.LIVE:
            self._bring_in_files(now_ns)
            self._tell(now_ns)

    def _tell(self, now_ns: int) -> None:
        self._asked = {one: at for one, at in self._asked.items() if now_ns - at < ASKED_NS}
        wanted = compare(
            self._book.running, self._book.inputs, self._alarms, now_ns=self._clock.now_ns(),
            left_alone=self._asked,
        )  # fmt: skip
        for kind, body, ids in acts_of(wanted, MAX_ALARMS_AN_ACT):
            act_id = self._client.act(kind, body)
            if kind in ("alarm.raise", "alarm.suppress"):
                self._weighty.append(act_id)
            self._asked.update(dict.fromkeys(ids, now_ns))

    def _follow_directory(self, now_ns: int) -> None:
        if self._store.catalogue_version == self._catalogue_version:
            return
        if now_ns - self._directory_ns < DIRECTORY_NS:
            return
        self._directory_ns = now_ns
        self._catalogue_version = self._store.catalogue_version
        streams = self._store.datastreams
        xyz = self._store.xyz_local_m[: len(streams)]
        directory = Directory.of(streams, self._store.things, np.asarray(xyz, np.float64))
        self._book.set_directory(directory, self._open_at())

    @property
    def _alarms(self) -> dict[str, Alarm]:
        return dict(self._client.room[Alarms].by_id.entries)

    def _open_at(self) -> frozenset[str]:
        found = self._alarms.items()
        return frozenset(
            name for name, one in found if one.is_active and name.startswith(ALARM_PREFIX)
        )

    # --- rules --------------------------------------------------------------------------------

    def _take_rules(self) -> None:
        entries = self._client.room[EventRules].by_id.values()
        seen = tuple((one.id, one.rev, one.changed_ns, one.is_on) for one in entries)
        if seen == self._seen_rules:  # only how often they fired has moved
            return
        self._seen_rules = seen
        rules: list[CompiledRule] = []
        for entry in entries:
            try:
                rules += [compiled(entry.rule)] if entry.is_on else []
            except RuleError:  # a newer hub took what this program does not understand
                continue
        self._book.set_rules(rules, self._open_at())

    def _other_content(self) -> str:
        """What to say where another watcher runs a file of the same name with other rules."""
        files = self._client.room[EventRules].files
        for one in self._files:
            entry = files.get(one.value.file)
            is_other = entry is not None and entry.fingerprint != one.value.fingerprint
            if is_other and self._is_of_another(one.value):
                return f"Another watcher runs a {one.value.file} with other rules; those count"
        return ""

    def _bring_in_files(self, now_ns: int) -> None:
        """Have the room hold what the files say, and say that somebody watches."""
        for file in self._files:
            file.has_changed()
        sheets: list[RuleSheet | None] = [one.value for one in self._files]
        for sheet in sheets or [None]:
            name = "" if sheet is None else sheet.file
            last = self._loads.get(name)
            if (last is None or now_ns - last >= ASKED_NS) and not self._is_in_room(sheet):
                self._loads[name] = now_ns
                self._weighty.append(self._client.act("rule.load", _load_body(sheet)))

    def _is_in_room(self, sheet: RuleSheet | None) -> bool:
        """Whether the room holds a file as we have it, and knows of a watcher that is there."""
        room = self._client.room
        part = room[EventRules]
        entry = part.files.get("" if sheet is None else sheet.file)
        if entry is None or entry.console_id not in room.operators:
            return False
        if sheet is None or self._is_of_another(sheet):
            return True
        is_same = entry.fingerprint == sheet.fingerprint
        return is_same and all(one.rule.id in part.by_id for one in sheet.rules)

    def _is_of_another(self, sheet: RuleSheet) -> bool:
        """Whether another watcher, who is there, brought in a file of this name: it goes on."""
        room = self._client.room
        entry = room[EventRules].files.get(sheet.file)
        own = self._client.operator.console_id
        return entry is not None and entry.console_id != own and entry.console_id in room.operators

    def _configure(self, socket: zmq.Socket[Any]) -> None:
        apply_security(socket, self._security)


def _load_body(sheet: RuleSheet | None) -> dict[str, Any]:
    rules: list[EventRule] = [] if sheet is None else [one.rule for one in sheet.rules]
    return {
        "file": "" if sheet is None else sheet.file,
        "fingerprint": "" if sheet is None else sheet.fingerprint,
        "rules": msgspec.to_builtins(rules),
    }
