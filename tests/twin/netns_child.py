"""A console or an actuator in a network namespace: orders on stdin, what it sees on stdout."""

# python -m tests.twin.netns_child console|city ENDPOINT KEYS PERSON PASSWORD OUTBOX

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.twin.hub_rig import CLOCK, FakeCity, obey
from twin.link.client import HubClient
from twin.link.control import HubAddresses
from twin.link.signing import console_id_at
from twin.room.model import CommandRequest, Operator
from twin.room.parts.leases import Leases
from twin.security.client_keys import unlock
from twin.security.client_security import ClientSecurity

TELL_S = 0.05


def console(endpoint: str, keys: str, person: str, password: str, outbox: str) -> None:
    """Follow the room; submit and act as told."""
    security = ClientSecurity.of_folder(Path(keys))
    client = HubClient(
        endpoint=endpoint,
        operator=Operator(name=person, department="", console_id=console_id_at(security.name)),
        outbox_path=Path(outbox), clock=CLOCK, security=security,
        signer=unlock(Path(keys), person, password),
    )  # fmt: skip
    client.start()
    waiting = b""
    while True:
        if select.select([0], [], [], TELL_S)[0]:
            read = os.read(0, 65_536)
            if not read:
                break
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                _order(client, json.loads(line))
        client.poll()
        _tell(client)
    client.close()


def _order(client: HubClient, order: dict[str, Any]) -> None:
    if "submit" in order:
        client.submit(msgspec.convert(order["submit"], CommandRequest))
    else:
        client.act(order["act"], order["body"])


def _tell(client: HubClient) -> None:
    held = {one.asset_id: one.holder.name for one in client.room[Leases].held if one.holder}
    seen = {
        "link": client.status().state.value, "seq": client.room.seq, "leases": held,
        "pending": len(client.pending), "hash": client.room.state_hash(),
        "commands": {key: str(one.state) for key, one in client.room.commands.items()},
        "texts": {key: one.state_text for key, one in client.room.commands.items()},
    }  # fmt: skip
    print(json.dumps(seen), flush=True)


def city(control: str, keys: str, samples_in: str) -> None:
    """An actuator that obeys, and says what it did."""
    addresses = HubAddresses(control=control, events="", samples_in=samples_in, samples_out="")
    security = ClientSecurity.of_folder(Path(keys))
    with FakeCity(addresses, obey, n_signals=6, name="City", security=security) as acting:
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            acting.announce()
            print(json.dumps({"executed": acting.executed}), flush=True)
            time.sleep(0.05)


if __name__ == "__main__":
    {"console": console, "city": city}[sys.argv[1]](*sys.argv[2:])
