"""The hub process: sockets, journal and clock around the core.

One round of the loop: take everything that waits, step the core for each, commit all events
together, and only then answer, publish and deliver. Core and journal are kept together by
`twin.hub.writer`; `twin.hub.facts_out` speaks to the consoles.

Hard-won rules (each guarded in tests/twin/test_hub_server.py and test_hub_kill.py):

1. Commit, then acknowledge and publish. What was not committed never leaves the process.
2. Another hub took over: nothing more leaves the process, `run` ends with `JournalLostError`.
3. What comes from outside is decoded once, here; what cannot be decoded is counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import zmq

from twin.clock import Clock, SystemClock
from twin.commands.base import command_registry
from twin.errors import WireError
from twin.hub.admission import Admission
from twin.hub.connected import Connected
from twin.hub.core import HubCore
from twin.hub.door import Arrived
from twin.hub.facts_out import FactsOut
from twin.hub.forwarder import Forwarder, Orders
from twin.hub.interlock_file import InterlockFile
from twin.hub.lookout import Found
from twin.hub.options import HubOptions
from twin.hub.pace import Pace
from twin.hub.ports import bind_ports
from twin.hub.presence import PresenceRelay
from twin.hub.requests import Asked, Greeted, PolicyChanged, RefusedOutside, Send, StartWatch
from twin.hub.restoring import stored_room
from twin.hub.rounds import HubCounts, Query, Round
from twin.hub.writer import RoomWriter
from twin.journal.opening import open_journal
from twin.link.control import (
    HEARTBEAT_S,
    Bye,
    FromHub,
    GetEvents,
    GetPresence,
    GetSnapshot,
    Hello,
    HelloNeeded,
    HubAddresses,
    HubInfo,
    MayI,
    Ping,
    Refused,
    Tell,
    ToHub,
)
from twin.link.control_frames import decode_to_hub, encode_control, encode_presence
from twin.link.mailbox import Mailbox
from twin.samples.bridge import SampleBridge, open_bridge, with_samples
from twin.samples.record_desk import open_desk

TICK_S = 0.1
MAX_IO_THREADS = 4
_BURST = 500
_RULES_S = 1.0
_REVIEW_S = 0.5
_FOUND_CAPACITY = 20_000


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
        self._interlocks = InterlockFile(options.interlocks) if options.interlocks else None
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
        self._pace = Pace(self._clock)
        self._found: Mailbox[Found | None] = Mailbox(_FOUND_CAPACITY)
        self._connected = Connected(self._clock)
        self._watched: frozenset[str] = frozenset()
        info = HubInfo(
            epoch=self._journal.epoch,
            scene=self._options.scene,
            drill=self._admission.drill,
            policy=self._admission.policy.fingerprint,
            version=version("civitwin"),
            seq=self._journal.last_seq,
            addresses=self.addresses,
            tells_permissions=True,
        )
        room, history = stored_room(self._journal)
        self._core = HubCore(
            info=info,
            types=command_registry(),
            times=self._options.times,
            history=history,
            room=room,
            lookup=self._journal.lookup,
            interlocks=self._interlocks.rules if self._interlocks else None,
            policy=self._admission.policy,
        )
        self._writer = RoomWriter(
            core=self._core, journal=self._journal, pace=self._pace, info=info,
            connected=self._connected, counts=self.counts,
        )  # fmt: skip
        self._facts = FactsOut(self._ports.events, self._journal, lambda: self._core.room)
        self._presence = PresenceRelay(lambda session: self._core.console_at(session))
        self._door = self._admission.door(info)
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
            self._forwarder.order(Orders(kept=self._interlocks.rules.kept))
        try:
            first = Round()
            self._writer.start(first)
            self._finish(first)
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
                self._writer.step(work, item)
        if self._pace.is_due("tick", TICK_S):
            self._tick(work)
        self._finish(work)
        shown = self._presence.due(self._pace.hub_ns(), lambda: self._core.room.operators)
        if shown is not None:
            self._ports.events.send_multipart(encode_presence(shown))
        if self._pace.is_due("heartbeat", HEARTBEAT_S):
            self._facts.beat(self._pace.hub_ns(), self._trouble)
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
        is_known = identity in self._connected
        if is_known:
            self._connected.hear(identity)
        match message:
            case Hello():
                self._greet(work, arrived, message)
            case _ if not is_known:
                work.replies.append((identity, HelloNeeded()))
            case Bye():
                self._forget(work, identity, "Left")
            case Ping() | GetSnapshot() | GetEvents() | MayI():
                work.queries.append((identity, message))
            case Tell() | GetPresence():
                answer = self._presence.handle(identity.hex(), message, self._pace.hub_ns())
                if answer is not None:
                    self._send(identity, answer)
            case _:
                self._writer.step(work, Asked(identity.hex(), message))

    def _greet(self, work: Round, arrived: Arrived, hello: Hello) -> None:
        verdict = self._door.greet(arrived, hello, self._clock.monotonic_ns())
        if verdict.greeted is not None:
            self._writer.step(work, verdict.greeted)
        if verdict.reply is not None:
            work.replies.append((arrived.identity, verdict.reply))
        self._audit(work, verdict.refused)

    def _audit(self, work: Round, refused: RefusedOutside | None) -> None:
        if refused is not None:
            self._writer.step(work, refused)

    def _review(self, work: Round) -> None:
        """Apply what changed in the lists of keys and in the policy."""
        news = self._admission.poll(self._door)
        for leave in news.leaves:
            identity = bytes.fromhex(leave.session)
            work.replies.append((identity, Refused(id="hello", text=leave.text)))
            if identity in self._connected:
                self._forget(work, identity, leave.text)
        for request in news.requests:
            self._writer.step(work, request)

    def _tick(self, work: Round) -> None:
        for identity in self._connected.silent_for(self._options.times.session_wait_s):
            self._forget(work, identity, "Connection lost")
        if self._pace.is_due("review", _REVIEW_S):
            self._review(work)
        if not self._writer.trouble:
            self._look_at_rules(work)
        self._writer.tick(work)

    def _look_at_rules(self, work: Round) -> None:
        """Take in a file of rules that has changed."""
        if self._interlocks is None or not self._pace.is_due("rules", _RULES_S):
            return
        news = self._interlocks.poll()
        if news is not None:
            self._writer.step(work, news)
        if isinstance(news, PolicyChanged):
            kept = self._interlocks.rules.kept
            self._forwarder.order(Orders(watched=self._watched, kept=kept))

    def _forget(self, work: Round, identity: bytes, reason: str) -> None:
        self._connected.forget(identity)
        self._door.forget(identity.hex())
        self._writer.lose(work, identity.hex(), reason)

    # --- after the round: commit, then tell -------------------------------------------------------

    def _finish(self, work: Round) -> None:
        self._facts.publish(self._writer.commit(work))
        for request, result in work.steps:
            if result.reply is not None and isinstance(request, Greeted | Asked):
                self._send(bytes.fromhex(request.session), result.reply)
        for identity, reply in work.replies:
            self._send(identity, reply)
        for identity, query in work.queries:
            self._send(identity, self._answer(identity, query))
        self._deliver([out for _, result in work.steps for out in result.outgoing])

    def _answer(self, identity: bytes, query: Query) -> FromHub:
        if not isinstance(query, MayI):
            return self._facts.answer(query)
        if self._writer.trouble:
            return Refused(id=query.id, text=self._writer.trouble, is_final=False)
        return self._core.permissions.answer(identity.hex(), query)

    def _deliver(self, outgoing: list[Send | StartWatch]) -> None:
        for out in outgoing:
            if isinstance(out, Send):
                self._send(bytes.fromhex(out.session), out.message)
        starts = tuple(out for out in outgoing if isinstance(out, StartWatch))
        watched = self._core.watched
        if starts or watched != self._watched:
            self._watched = watched
            self._forwarder.order(Orders(watched=watched, start=starts))

    def _send(self, identity: bytes, message: FromHub) -> None:
        self._ports.control.send_multipart([identity, *encode_control(message)])

    @property
    def _trouble(self) -> str:
        """What every operator should know, a sentence."""
        of_rules = self._interlocks.trouble if self._interlocks else ""
        return self._writer.trouble or self._admission.trouble or of_rules
