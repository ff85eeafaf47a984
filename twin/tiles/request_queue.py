"""Workers that take the most useful request first and drop what is no longer wanted."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)
Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Finished(Generic[Key, Made]):
    """One request that is over: either ``made`` or ``error``."""

    key: Key
    made: Made | None
    error: Exception | None


class RequestQueue(Generic[Key, Made]):
    """Requests by key, done by a few threads. `want` and `take_finished`: one thread.

    Parameters
    ----------
    work : called on a worker with the key and a question whether it is still wanted
    n_workers : threads
    most_finished : workers rest while so many results wait to be taken: their memory is bounded
    expected : errors that are handed over without a word in the log
    """

    def __init__(
        self,
        work: Callable[[Key, Callable[[], bool]], Made],
        *,
        n_workers: int,
        most_finished: int,
        name: str,
        expected: tuple[type[Exception], ...] = (),
    ) -> None:
        self._work = work
        self._most_finished = most_finished
        self._expected = expected
        self._condition = threading.Condition()
        self._pending: list[Key] = []
        self._wanted: frozenset[Key] = frozenset()
        self._running: set[Key] = set()
        self._finished: deque[Finished[Key, Made]] = deque()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{index}", daemon=True)
            for index in range(n_workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def n_slots(self) -> int:
        """How many results there can be at most that nobody has taken."""
        return len(self._threads) + self._most_finished

    @property
    def n_waiting(self) -> int:
        """Requests nobody has begun."""
        return len(self._pending)

    @property
    def running(self) -> frozenset[Key]:
        """Keys that are worked on or whose result waits."""
        with self._condition:
            return frozenset(self._running).union(done.key for done in self._finished)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, runs or is finished."""
        with self._condition:
            return not (self._pending or self._running or self._finished)

    def want(self, keys: Sequence[Key]) -> None:
        """Replace all requests: the first is done first, what is not named is given up."""
        with self._condition:
            self._wanted = frozenset(keys)
            busy = self._running.union(done.key for done in self._finished)
            self._pending = [key for key in reversed(keys) if key not in busy]
            if self._pending:
                self._condition.notify_all()

    def take_finished(self) -> Finished[Key, Made] | None:
        """The oldest result, None when there is none."""
        with self._condition:
            if not self._finished:
                return None
            done = self._finished.popleft()
            self._condition.notify()
            return done

    def close(self) -> list[Finished[Key, Made]]:
        """Stop the workers and wait for them; returns what nobody has taken."""
        with self._condition:
            self._closed = True
            self._wanted = frozenset()
            self._pending = []
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()
        left, self._finished = list(self._finished), deque()
        return left

    def _run(self) -> None:
        while (key := self._next()) is not None:
            made, error = self._try(key)
            with self._condition:
                self._running.discard(key)
                self._finished.append(Finished(key, made, error))

    def _next(self) -> Key | None:
        with self._condition:
            while not self._closed:
                if self._pending and len(self._finished) < self._most_finished:
                    key = self._pending.pop()
                    self._running.add(key)
                    return key
                self._condition.wait()
            return None

    def _try(self, key: Key) -> tuple[Made | None, Exception | None]:
        try:
            return self._work(key, lambda: key not in self._wanted), None
        except Exception as error:  # noqa: BLE001 - a broken tile must not end the worker
            if not isinstance(error, self._expected):
                _log.exception("A request failed: %s", key)
            return None, error
