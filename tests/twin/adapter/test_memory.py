"""The adapter's memory: on disk before it returns, locked, cleaned, and honest when it fails."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from tests.twin.hub_rig import request
from twin.adapter.memory import AdapterMemory, MemoryLostError
from twin.link.control import ActuatorReply, Deliver

DAY = 86_400 * 10**9


def order(command_id: str = "c1", **more: object) -> Deliver:
    return Deliver(request=request(id=command_id), issued_by="Ada", **more)  # type: ignore[arg-type]


def done(command_id: str = "c1", attempt: int = 1) -> ActuatorReply:
    route = ((1.0, 2.0, 3.0),)
    return ActuatorReply(
        command_id=command_id, status="done", text="Through", attempt=attempt, route=route
    )


def test_it_comes_back_after_the_process_died(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "memory.sqlite"
    memory = AdapterMemory(path)
    memory.begin(order(lease_token=7), 1)
    memory.end(1, done(), 2)
    memory.begin(order("c2"), 3)
    memory.refuse(order("c3"), ActuatorReply(command_id="c3", status="rejected"), 4)
    memory.begin(order("c1", attempt=2, lease_token=5), 5)
    memory.close()
    memory.close()
    memory = AdapterMemory(path)
    newest = memory.newest("c1")
    assert newest is not None
    assert (newest.attempt, newest.reply) == (2, None)
    assert [one.command_id for one in memory.unended()] == ["c2", "c1"]
    memory.end(2, done(attempt=2), 6)
    newest = memory.newest("c1")
    assert newest is not None
    assert newest.reply == done(attempt=2)
    assert memory.newest("nobody") is None
    assert (memory.fence("signal-1"), memory.fence("other")) == (7, 0)
    refused = memory.newest("c3")
    assert refused is not None
    assert refused.reply is not None
    memory.close()


def test_each_commit_is_synced(tmp_path: Path) -> None:
    memory = AdapterMemory(tmp_path / "m.sqlite")
    assert memory._connection.pragma("synchronous") == 2
    memory.close()


def test_two_adapters_never_share_one(tmp_path: Path) -> None:
    memory = AdapterMemory(tmp_path / "m.sqlite")
    with pytest.raises(MemoryLostError, match="Another adapter has this memory open"):
        AdapterMemory(tmp_path / "m.sqlite")
    memory.close()
    AdapterMemory(tmp_path / "m.sqlite").close()


def test_what_is_no_memory_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.sqlite"
    path.write_bytes(b"a picture of a cat" * 100)
    with pytest.raises(MemoryLostError, match="cannot be opened"):
        AdapterMemory(path)
    assert path.read_bytes().startswith(b"a picture")
    with pytest.raises(MemoryLostError, match="cannot be opened"):
        AdapterMemory(tmp_path)


def test_a_memory_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.sqlite"
    AdapterMemory(path).close()
    with apsw.Connection(str(path)) as later:
        later.execute("UPDATE adapter SET value = 9 WHERE key = 'schema'")
    later.close()
    with pytest.raises(MemoryLostError, match="has schema 9, this Civitwin knows 1"):
        AdapterMemory(path)


def test_attempts_are_forgotten_after_their_days_but_fences_never() -> None:
    memory = AdapterMemory(keep_days=2)
    memory.begin(order("old", lease_token=3), 10 * DAY)
    memory.begin(order("new"), 11 * DAY)
    memory.begin(order("newest"), 13 * DAY)
    known = [name for name in ("old", "new", "newest") if memory.newest(name)]
    assert known == ["new", "newest"]
    assert memory.fence("signal-1") == 3


def test_a_memory_that_fails_says_so() -> None:
    memory = AdapterMemory()
    memory._connection.execute("DROP TABLE attempt")
    for attempt in (
        lambda: memory.begin(order(), 1),
        lambda: memory.newest("c1"),
        lambda: memory.end(1, done(), 1),
        memory.unended,
    ):
        with pytest.raises(MemoryLostError, match="memory cannot be"):
            attempt()  # type: ignore[no-untyped-call]
    assert memory.fence("signal-1") == 0, "the fence of a failed begin was not raised either"
