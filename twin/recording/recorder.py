"""The recorder: everything a hub publishes, into one file.

Two threads listen (facts, samples) and only queue what they hear; the caller's thread writes. So a
slow disk delays the file, not the sockets.

Hard-won rules (tests/twin/test_recorder.py):

1. The queue is bounded by `QUEUE_BYTES`; what does not fit is counted and said in the file itself.
2. Facts are never let go of.
3. A message is confirmed only after its chunk is on the disk (test_record_confirmed.py).
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

import zmq

from twin.clock import Clock
from twin.errors import TwinError
from twin.link.control import HubInfo
from twin.link.wire import Buffer
from twin.recording.form import channel_of
from twin.recording.keeping import Keeper
from twin.recording.lanes import Numbered, SampleEar, lane_address, open_ear
from twin.recording.listening import FactListener, Heard
from twin.security.client_security import ClientSecurity, apply_security
from twin.security.sealed import Signer

QUEUE_BYTES = 512 << 20
_POLL_MS = 50

Frames: TypeAlias = Sequence[Buffer]
_NO_PORT = (
    "This hub has no port for recorders, so messages cannot be confirmed; record it without"
    " --confirmed"
)


class Recorder:
    """Records one hub. `step` and `close` on one thread.

    Parameters
    ----------
    name : what this recorder is called among the operators
    is_confirmed : take samples from the record port, where nothing is let go of before it is on
        the disk; one recorder of a hub can
    """

    def __init__(
        self,
        *,
        endpoint: str,
        keeper: Keeper,
        clock: Clock,
        name: str = "Recorder",
        console_id: str = "recorder",
        security: ClientSecurity | None = None,
        signer: Signer | None = None,
        is_confirmed: bool = False,
    ) -> None:
        self._clock = clock
        self.keeper = keeper
        self._security = security
        self._is_confirmed = is_confirmed
        self._taken = self._safe = 0
        self._queue: deque[tuple[int, Heard | Numbered]] = deque()
        self._n_queued = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._samples_at = ""
        self.samples_trouble = ""
        self._listener = FactListener(
            endpoint=endpoint, name=name, department="control_room", console_id=console_id,
            clock=clock, heard=self._hear, security=security, signer=signer,
        )  # fmt: skip
        self._thread: threading.Thread | None = None

    @property
    def trouble(self) -> str:
        """Why nothing is heard, one sentence; "" when all is well."""
        connection = self._listener.connection
        if connection.handshake.text or connection.refusal:
            return connection.handshake.text or connection.refusal
        if connection.heard_ns is None:
            return f"No hub answers at {connection.endpoint}, trying again"
        return self.samples_trouble

    def start(self) -> None:
        """Begin to listen."""
        self._listener.start()
        self._thread = threading.Thread(target=self._listen, name="sample-recorder", daemon=True)
        self._thread.start()

    def step(self, timeout_s: float = 0.2) -> None:
        """Write what was heard; waits so long for something to come. Raises `RecordingError`."""
        self._wake.wait(timeout_s)
        self._wake.clear()
        for _ in range(len(self._queue)):
            t_ns, item = self._queue.popleft()
            before = self.keeper.n_written
            if isinstance(item, tuple):
                number, frames = item
                with self._lock:
                    self._n_queued -= sum(map(len, frames))
                self.keeper.take_samples(frames, t_ns)
            else:
                number = self._taken
                self.keeper.take_fact(item, t_ns)
            if self.keeper.n_written != before:  # this one may be in the chunk begun after that
                self._safe = self._taken
            self._taken = number
        if self.keeper.needs_room:
            self.keeper.needs_room = False
            self._listener.ask_room()
        self.keeper.tick(self._clock.now_ns())
        if self.keeper.is_all_written:
            self._safe = self._taken

    def close(self) -> None:
        """Stop listening, write what is left and close the file."""
        self._stopping.set()
        self._listener.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        try:
            self.step(0.0)
        finally:
            self.keeper.close()

    # --- on the listening threads -----------------------------------------------------------------

    def _hear(self, heard: Heard) -> None:
        if isinstance(heard, HubInfo):
            at = lane_address(heard.addresses, is_confirmed=self._is_confirmed)
            self._samples_at, self.samples_trouble = at, "" if at else _NO_PORT
        with self._lock:
            self._queue.append((self._clock.now_ns(), heard))
        self._wake.set()

    def _listen(self) -> None:
        while not self._stopping.wait(_POLL_MS / 1000):
            address = self._samples_at
            if not address:
                continue
            try:
                ear = open_ear(address, is_confirmed=self._is_confirmed, configure=self._configure)
            except TwinError as error:
                self.samples_trouble = str(error)
                continue
            with contextlib.closing(ear):
                self._drain(ear, address)

    def _configure(self, socket: zmq.Socket[Any]) -> None:
        apply_security(socket, self._security)

    def _drain(self, ear: SampleEar, address: str) -> None:
        n_lost = 0
        while not self._stopping.is_set() and address == self._samples_at:
            for number, frames in ear.receive(_POLL_MS):
                if frames and channel_of(frames[0]) is not None:
                    self._put(number, frames)
            ear.confirm(self._safe)
            if ear.n_lost > n_lost:
                self.keeper.counts.n_lost += ear.n_lost - n_lost
                n_lost = ear.n_lost
            self.samples_trouble = ear.trouble

    def _put(self, number: int, frames: Frames) -> None:
        n_bytes = sum(map(len, frames))
        with self._lock:
            if self._n_queued + n_bytes > QUEUE_BYTES:
                self.keeper.counts.n_lost += 1
                return
            self._n_queued += n_bytes
            self._queue.append((self._clock.now_ns(), (number, frames)))
        self._wake.set()
