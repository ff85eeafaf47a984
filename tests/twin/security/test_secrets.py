"""After a whole session no secret lies anywhere but in the key files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import zmq.utils.z85
from nacl.signing import SigningKey

from tests.twin.hub_rig import polled, request, until, wait_for_state
from tests.twin.security.keys_rig import CHEAP, PASSWORD
from tests.twin.security.secure_rig import Refused, secure_hub
from twin.room.model import CommandState
from twin.security.client_keys import change_password, unlock
from twin.security.sealed import PasswordError, Signer

OTHER_PASSWORD = "wrong horse battery staple"
NEW_PASSWORD = "quite another sentence"


def forms_of(secret: bytes) -> dict[str, bytes]:
    """How a secret of 32 bytes might be written."""
    return {
        "raw": secret,
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "Z85": zmq.utils.z85.encode(secret),
    }


def found_in(folder: Path, secrets: dict[str, bytes]) -> list[str]:
    """Where secrets lie outside of the files that are meant to hold them."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".key":
            content = path.read_bytes()
            found += [f"{name} in {path.name}" for name, one in secrets.items() if one in content]
    return found


@pytest.fixture
def log(tmp_path: Path):
    """Everything that anybody logs, down to the last detail, in a file."""
    path = tmp_path / "everything.log"
    handler = logging.FileHandler(path)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.removeHandler(handler)
    root.setLevel(before)
    handler.close()


def test_a_session_leaves_no_secret_behind(tmp_path: Path, log: Path):
    with secure_hub(tmp_path) as rig:
        rig.person("ada", "traffic")
        desk = rig.security("desk-1")
        city = rig.city(rig.security("sim", "actuator", "source"))
        sealed_ada: Signer = unlock(rig.keys.folder, "ada", PASSWORD)
        with pytest.raises(PasswordError):
            unlock(rig.keys.folder, "ada", OTHER_PASSWORD)
        client = rig.console(sealed_ada, desk)
        city.announce()
        command = request()
        client.submit(command)
        wait_for_state(client, command.id, CommandState.VERIFIED)
        client.submit(request(target_id="nowhere", args={"plan": "no number"}))
        client.act("lease.take", {"asset_id": "signal-1"})
        stranger = rig.peer(desk.keys)
        assert isinstance(stranger.log_in(rig.keys.signers["ada"], person="nobody"), Refused)
        change_password(rig.keys.folder, "ada", PASSWORD, NEW_PASSWORD, CHEAP)
        rig.keys.store.change_person("ada", revoked=True)
        until(lambda: "revoked" in client.status().text)
        (tmp_path / "status.txt").write_text(f"{client.status()!r} {polled(client).refusals!r}")
        hub = rig.keys.store.hub_keys()
        (tmp_path / "reprs.txt").write_text(
            repr((rig.hub._options, rig.hub._admission.__dict__, desk, client.__dict__, hub))
        )
    secrets = {f"password {word!r}": word.encode() for word in (PASSWORD, NEW_PASSWORD)}
    secrets |= {"wrong password": OTHER_PASSWORD.encode()}
    seeds = {
        "hub's CURVE secret": zmq.utils.z85.decode(hub.curve_secret),
        "hub's seed": bytes(hub.signing),
        "desk's CURVE secret": zmq.utils.z85.decode(desk.keys.own.curve_secret.encode()),
        "Ada's seed": bytes.fromhex(rig.keys.signers["ada"].seed_hex()),
    }
    for name, seed in seeds.items():
        secrets |= {f"{name} ({form})": text for form, text in forms_of(seed).items()}
    assert bytes(SigningKey(seeds["hub's seed"]).verify_key) == hub.public_key
    assert log.stat().st_size > 1_000, "the log is really written"
    assert found_in(tmp_path, secrets) == []


def test_the_search_would_find_one(tmp_path: Path):
    secret = bytes(range(32))
    for form, text in forms_of(secret).items():
        (tmp_path / form).write_bytes(b"..." + text + b"...")
    assert len(found_in(tmp_path, forms_of(secret))) == 4
