"""The actuator's link: once and only once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin.hub_rig import (
    QUICK,
    FakeCity,
    console,
    obey,
    request,
    running_hub,
    wait_for_state,
)
from twin.hub.server import Hub
from twin.link.control import ActuatorReply, Deliver
from twin.room.model import CommandState

S = CommandState


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path / "journal.sqlite", times=QUICK) as hub:
        yield hub


def test_a_command_delivered_again_is_answered_but_not_done_again(hub: Hub, tmp_path: Path) -> None:
    with FakeCity(hub.addresses, obey) as city, console(hub.addresses.control, tmp_path) as ada:
        one = request()
        ada.submit(one)
        wait_for_state(ada, one.id, S.VERIFIED)
        sent: list[object] = []
        city.client._connection.send = sent.append  # type: ignore[method-assign]
        city.client._handle(Deliver(request=one, issued_by="Ada", was_accepted=True))
        assert city.executed == [one.id]
        assert [(r.command_id, r.status) for r in sent if isinstance(r, ActuatorReply)] == [
            (one.id, "done")
        ]


def test_hub_restart_under_way_does_it_once_and_verifies(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    with running_hub(journal, times=QUICK) as hub:
        addresses = hub.addresses
        city = FakeCity(addresses, lambda c, r, _: r.executing("Turning")).__enter__()
        with console(addresses.control, tmp_path) as ada:
            one = request()
            ada.submit(one)
            wait_for_state(ada, one.id, S.EXECUTING)
    with (
        running_hub(journal, times=QUICK, addresses=addresses),
        console(addresses.control, tmp_path) as ada,
    ):
        city.announce()
        city.keep_showing("signal-1", 2.0)
        assert wait_for_state(ada, one.id, S.VERIFIED).observed == 2.0
        assert city.executed == [one.id]
        city.close()


def test_an_actuator_that_breaks_down_says_so(
    hub: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such lamp")

    with FakeCity(hub.addresses, broken), console(hub.addresses.control, tmp_path) as ada:
        one = request()
        ada.submit(one)
        text = wait_for_state(ada, one.id, S.FAILED).state_text
        assert text == "The actuator broke down over it (no such lamp)"
    assert "could not be handled" in caplog.text
