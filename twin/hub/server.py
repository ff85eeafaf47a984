"""The hub process: sockets, journal and clock around the core.

One round of the loop: take everything that waits, step the core for each, commit all events
together, and only then answer, publish and deliver.

Hard-won rules (each guarded in tests/twin/test_hub_server.py and test_hub_kill.py):

1. Commit, then acknowledge and publish. What was not committed never leaves the process.
2. After a failed commit the room is folded anew from the journal, and nothing that would make an
   event is taken until the journal can be written again.
3. Another hub took over: nothing more leaves the process, `run` ends with `JournalLostError`.
4. What comes from outside is decoded once, here; what cannot be decoded is counted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec
import zmq

from twin.clock import NS_PER_S, Clock, SystemClock
from twin.commands.base import command_registry
from twin.errors import WireError
from twin.hub.admission import Admission
from twin.hub.core import HubCore
from twin.hub.door import Arrived
from twin.hub.forwarder import Forwarder, Orders
from twin.hub.lookout import Found
from twin.hub.options import HubOptions
from twin.hub.pace import Pace
from twin.hub.ports import bind_ports
from twin.hub.presence import PresenceRelay
from twin.hub.recent import RecentEvents
from twin.hub.requests import (
    Asked,
    Greeted,
    Lost,
    PolicyChanged,
    RefusedOutside,
    Request,
    RulesUnreadable,
    Send,
    StartWatch,
    StepResult,
    TargetsSeen,
    Tick,
)
from twin.hub.restoring import Snapshots, stored_room
from twin.hub.rounds import HubCounts, Round, refusal
from twin.hub.rule_files import RuleFile
from twin.interlocks.rule_file import load_interlocks
from twin.journal.base import JournalError, JournalLostError
from twin.journal.opening import open_journal
from twin.link.control import (
    HEARTBEAT_S,
    ActuatorReply,
    Bye,
    Events,
    FromHub,
    GetEvents,
    GetPresence,
    GetSnapshot,
    Heartbeat,
    Hello,
    HelloNeeded,
    HubAddresses,
    HubInfo,
    Ping,
    Pong,
    Refused,
    Snapshot,
    Tell,
    ToHub,
    decode_to_hub,
    encode_control,
    encode_events,
    encode_heartbeat,
    encode_presence,
)
from twin.link.mailbox import Mailbox
from twin.samples.bridge import SampleBridge, open_bridge, with_samples
from twin.samples.record_desk import open_desk

TICK_S = 0.1
MAX_IO_THREADS = 4
_BURST = 500
_PROBE_S = 1.0
_RULES_S = 1.0
_REVIEW_S = 0.5
_FOUND_CAPACITY = 20_000
_log = logging.getLogger(__name__)


def io_threads() -> int:
    """ZeroMQ's own threads: encrypting for many subscribers is worth more than one."""
    return max(1, min(MAX_IO_THREADS, (os.cpu_count() or 1)))


class Hub:
    """One hub. Made, run and closed on one thread; `stop` may be called from any.

    Raises
    ------
    TwinError
        From the constructor: the journal or a port cannot be had.
    """

    def __init__(self, options: HubOptions, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._options = options
        self._admission = Admission(options)
        self._interlocks = (
            RuleFile(options.interlocks, load_interlocks) if options.interlocks else None
        )
        self._journal = open_journal(
            options.journal,
            address=options.addresses.control,
            signer=options.signer or self._admission.signer,
        )
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads())
        self._bridge: SampleBridge | None = None
        try:
            self._bridge = open_bridge(options.samples, self._context)
            self._admission.start(self._context)
            self._ports = bind_ports(self._context, options.addresses, self._admission.security)
            self._admission.require_shut(self._ports.addresses)
        except BaseException:
            self._journal.close()
            if self._bridge is not None:
                self._bridge.close()
            self._admission.stop()
            self._context.destroy(0)
            raise
        self._control_thread_setup()

    def _control_thread_setup(self) -> None:
        self.counts = HubCounts()
        self.trouble = ""
        self._pace = Pace(self._clock)
        self._found: Mailbox[Found | None] = Mailbox(_FOUND_CAPACITY)
        self._heard_ns: dict[bytes, int] = {}
        self._waiting: dict[str, Greeted] = {}
        self._recent = RecentEvents(self._journal)
        self._watched: frozenset[str] = frozenset()
        self._info = HubInfo(
            epoch=self._journal.epoch,
            scene=self._options.scene,
            drill=self._admission.drill,
            policy=self._admission.policy.fingerprint,
            version=version("civitwin"),
            seq=self._journal.last_seq,
            addresses=self.addresses,
        )
        room, history = stored_room(self._journal)
        self._core = HubCore(
            info=self._info,
            types=command_registry(),
            times=self._options.times,
            history=history,
            room=room,
            lookup=self._journal.lookup,
            interlocks=self._interlocks.value if self._interlocks else None,
            policy=self._admission.policy,
        )
        self._presence = PresenceRelay(lambda session: self._core.console_at(session))
        self._door = self._admission.door(self._info)
        self._snapshots = Snapshots(self._journal)
        self._forwarder = Forwarder(
            pull=self._ports.samples_in,
            publish=self._ports.samples_out,
            found=self._found.put,
            clock=self._clock,
            bridge=self._bridge,
            peers=self._admission.peers,
            record=open_desk(self._ports.record, self._admission.peers),
        )

    @property
    def addresses(self) -> HubAddresses:
        """Where the sockets really are, and where consoles find the samples."""
        return with_samples(self._ports.addresses, self._options.samples)

    @property
    def epoch(self) -> str:
        """Id of the journal."""
        return self._journal.epoch

    def stop(self) -> None:
        """Make `run` return soon. Any thread, signal handlers too."""
        self._found.put(None)

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`, then close everything.

        Raises
        ------
        JournalLostError
            Another hub took over.
        """
        poller = zmq.Poller()
        poller.register(self._ports.control, zmq.POLLIN)
        poller.register(self._ports.events, zmq.POLLIN)
        poller.register(self._found.fileno(), zmq.POLLIN)
        self._forwarder.start()
        if self._interlocks is not None:
            self._forwarder.order(Orders(kept=self._interlocks.value.kept))
        try:
            first = self._core.start(self._pace.hub_ns())
            self._finish(Round(steps=[(Tick(), first)]))
            on_ready()
            while self._serve_round(poller):
                pass
        finally:
            self._forwarder.close()
            if self._bridge is not None:
                self._bridge.close()
            self._ports.close()
            self._journal.close()
            self._admission.stop()
            self._context.term()
            self._found.close()

    # --- one round --------------------------------------------------------------------------------

    def _serve_round(self, poller: zmq.Poller) -> bool:
        ready: dict[Any, int] = dict(poller.poll(self._pace.ms_until("tick")))
        work = Round()
        if self._ports.events in ready:
            self._admission.note_subscribers(self._ports.events)
        if self._ports.control in ready:
            self._receive(work)
        found = self._found.drain()
        for item in found:
            if item is not None:
                self._step(work, item)
        if self._pace.is_due("tick", TICK_S):
            self._tick(work)
        self._finish(work)
        shown = self._presence.due(self._pace.hub_ns(), lambda: self._core.room.operators)
        if shown is not None:
            self._ports.events.send_multipart(encode_presence(shown))
        if self._pace.is_due("heartbeat", HEARTBEAT_S):
            self._beat()
        return None not in found

    def _receive(self, work: Round) -> None:
        for _ in range(_BURST):
            try:
                arrived = self._door.receive(self._ports.control)
            except zmq.Again:
                return
            if arrived is None:
                self.counts.unwelcome += 1
                continue
            try:
                message = decode_to_hub(arrived.frames)
            except WireError:
                self.counts.malformed += 1
                self._audit(work, self._door.malformed(arrived))
                continue
            self.counts.requests += 1
            self._take(work, arrived, message)

    def _take(self, work: Round, arrived: Arrived, message: ToHub) -> None:
        identity = arrived.identity
        is_known = identity in self._heard_ns
        if is_known:
            self._heard_ns[identity] = self._clock.monotonic_ns()
        match message:
            case Hello():
                self._greet(work, arrived, message)
            case _ if not is_known:
                work.replies.append((identity, HelloNeeded()))
            case Bye():
                self._forget(work, identity, "Left")
            case Ping() | GetSnapshot() | GetEvents():
                work.queries.append((identity, message))
            case Tell() | GetPresence():
                answer = self._presence.handle(identity.hex(), message, self._pace.hub_ns())
                if answer is not None:
                    self._send(identity, answer)
            case _:
                self._step(work, Asked(identity.hex(), message))

    def _greet(self, work: Round, arrived: Arrived, hello: Hello) -> None:
        verdict = self._door.greet(arrived, hello, self._clock.monotonic_ns())
        if verdict.greeted is not None:
            self._step(work, verdict.greeted)
        if verdict.reply is not None:
            work.replies.append((arrived.identity, verdict.reply))
        self._audit(work, verdict.refused)

    def _audit(self, work: Round, refused: RefusedOutside | None) -> None:
        if refused is not None:
            self._step(work, refused)

    def _review(self, work: Round) -> None:
        """Apply what changed in the lists of keys and in the policy."""
        news = self._admission.poll(self._door)
        for leave in news.leaves:
            identity = bytes.fromhex(leave.session)
            work.replies.append((identity, Refused(id="hello", text=leave.text)))
            if identity in self._heard_ns:
                self._forget(work, identity, leave.text)
        for request in news.requests:
            self._step(work, request)

    def _step(self, work: Round, request: Request) -> None:
        if self.trouble and not isinstance(request, TargetsSeen):
            self._defer(work, request)
            return
        try:
            result = self._core.step(request, self._pace.hub_ns())
        except Exception:  # noqa: BLE001 - see _leave_out
            _log.exception("The hub broke down over a request and left it out")
            self._leave_out(work, request)
            return
        if isinstance(request, Greeted) and isinstance(result.reply, HubInfo):
            self._heard_ns[bytes.fromhex(request.session)] = self._clock.monotonic_ns()
        work.steps.append((request, result))

    def _leave_out(self, work: Round, request: Request) -> None:
        """A bug of ours must cost one request, not the hub: fold the room anew without it."""
        events = [event for _, result in work.steps for event in result.events]
        room, history = stored_room(self._journal)
        self._core.restore([*history, *events], room)
        if isinstance(request, Asked):
            text = "The hub broke down over this request; its log says why"
            work.replies.append(refusal(request, text, is_final=True))

    def _defer(self, work: Round, request: Request) -> None:
        """Handle a request while nothing can be stored."""
        if isinstance(request, Greeted):
            identity = bytes.fromhex(request.session)
            self._waiting[request.session] = request
            self._heard_ns[identity] = self._clock.monotonic_ns()
            info = msgspec.structs.replace(self._info, seq=self._core.room.seq)
            work.replies.append((identity, info))
        elif isinstance(request, Asked) and not isinstance(request.message, ActuatorReply):
            work.replies.append(refusal(request, self.trouble, is_final=False))

    def _tick(self, work: Round) -> None:
        silence_ns = round(self._options.times.session_wait_s * NS_PER_S)
        now_ns = self._clock.monotonic_ns()
        for identity, heard_ns in tuple(self._heard_ns.items()):
            if now_ns - heard_ns > silence_ns:
                self._forget(work, identity, "Connection lost")
        if self._pace.is_due("review", _REVIEW_S):
            self._review(work)
        if self.trouble:
            self._try_to_recover(work)
        else:
            self._look_at_rules(work)
            self._step(work, Tick())
            self._tick_journal()

    def _look_at_rules(self, work: Round) -> None:
        """Take in a file of rules that has changed."""
        found = self._interlocks
        if found is None or not self._pace.is_due("rules", _RULES_S) or not found.has_changed():
            return
        if found.trouble:
            _log.error("%s", self._trouble_of_rules)
            self._step(work, RulesUnreadable(self._trouble_of_rules))
            return
        self._step(work, PolicyChanged(interlocks=found.value))
        self._forwarder.order(Orders(watched=self._watched, kept=found.value.kept))

    @property
    def _trouble_of_rules(self) -> str:
        found = self._interlocks
        return f"{found.trouble}; the former rules stay in force" if found and found.trouble else ""

    def _tick_journal(self) -> None:
        try:
            self._journal.tick(self._pace.hub_ns())
        except JournalLostError:
            raise
        except JournalError as error:
            self.trouble = str(error)

    def _forget(self, work: Round, identity: bytes, reason: str) -> None:
        del self._heard_ns[identity]
        self._door.forget(identity.hex())
        if self._waiting.pop(identity.hex(), None) is None:
            self._step(work, Lost(identity.hex(), reason))

    def _try_to_recover(self, work: Round) -> None:
        if not self._pace.is_due("probe", _PROBE_S):
            return
        try:
            self._journal.probe()
        except JournalLostError:
            raise
        except JournalError as error:
            self.trouble = str(error)
            return
        self.trouble = ""
        for request in self._waiting.values():
            self._step(work, request)
        self._waiting.clear()
        again = StepResult(outgoing=self._core.resend())
        work.steps.append((Tick(), again))

    # --- after the round: commit, then tell ------------------------

    def _finish(self, work: Round) -> None:
        events = [event for _, result in work.steps for event in result.events]
        try:
            self._journal.append(events)
        except JournalLostError:
            raise
        except JournalError as error:
            self._give_up(work, str(error))
            events = []
        if events:
            self.counts.commits += 1
            self._snapshots.save_if_due(self._core.room)
        for event in events:
            self._recent.add(event)
        for frames in encode_events(self.epoch, events):
            self._ports.events.send_multipart(frames)
        for request, result in work.steps:
            if result.reply is not None and isinstance(request, Greeted | Asked):
                self._send(bytes.fromhex(request.session), result.reply)
        for identity, reply in work.replies:
            self._send(identity, reply)
        for identity, query in work.queries:
            self._send(identity, self._answer(query))
        self._deliver([out for _, result in work.steps for out in result.outgoing])

    def _give_up(self, work: Round, sentence: str) -> None:
        """The commit failed: undo the round and refuse what was asked in it."""
        self.trouble = sentence
        self.counts.failed_commits += 1
        self._pace.is_due("probe", _PROBE_S)
        room, history = stored_room(self._journal)
        self._core.restore(history, room)
        for request, _ in work.steps:
            self._defer(work, request)
        work.steps.clear()

    def _deliver(self, outgoing: list[Send | StartWatch]) -> None:
        for out in outgoing:
            if isinstance(out, Send):
                self._send(bytes.fromhex(out.session), out.message)
        starts = tuple(out for out in outgoing if isinstance(out, StartWatch))
        watched = self._core.watched
        if starts or watched != self._watched:
            self._watched = watched
            self._forwarder.order(Orders(watched=watched, start=starts))

    def _answer(self, query: Ping | GetSnapshot | GetEvents) -> FromHub:
        room = self._core.room
        match query:
            case Ping(t_ns=t_ns):
                return Pong(t_ns=t_ns, seq=room.seq)
            case GetSnapshot():
                return Snapshot(epoch=self.epoch, seq=room.seq, room=room.to_bytes())
            case GetEvents(from_seq=from_seq):
                return Events(
                    epoch=self.epoch,
                    events=self._recent.since(from_seq, room.seq),
                    last_seq=room.seq,
                )

    def _send(self, identity: bytes, message: FromHub) -> None:
        self._ports.control.send_multipart([identity, *encode_control(message)])

    def _beat(self) -> None:
        room = self._core.room
        beat = Heartbeat(
            epoch=self.epoch, seq=room.seq, state_hash=room.state_hash(), t_ns=self._pace.hub_ns(),
            trouble=self.trouble or self._admission.trouble or self._trouble_of_rules,
        )  # fmt: skip
        self._ports.events.send_multipart(encode_heartbeat(beat))
