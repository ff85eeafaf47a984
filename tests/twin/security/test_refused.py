"""A refused connection is told in a sentence: what is wrong, and who does what about it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import msgspec
import pytest

from tests.twin.hub_rig import console, polled, running_hub, until
from tests.twin.security.keys_rig import KeysRig
from tests.twin.security.secure_rig import secure_hub
from twin.link.client import HubClient
from twin.link.signing import console_id_at
from twin.security.client_keys import ClientKeys
from twin.security.client_security import ClientSecurity
from twin.security.sealed import new_signer


def _told(client: HubClient, sentence: str) -> str:
    until(lambda: re.search(sentence, client.status().text), 15, sentence)
    assert "\n" not in client.status().text
    return client.status().text


@contextlib.contextmanager
def _console(endpoint: str, folder: Path, security: ClientSecurity | None = None, signer=None):
    name = security.name if security else "desk"
    made = console(
        endpoint, folder, console_id=console_id_at(name), security=security, signer=signer
    )
    with made as client:
        yield client


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with secure_hub(tmp_path_factory.mktemp("hub")) as rig:
        yield rig


def test_an_unknown_workstation_is_told_the_line_to_run(rig, tmp_path):
    stranger = KeysRig.make(tmp_path / "other").workstation("desk-9")
    security = ClientSecurity(ClientKeys(stranger.own, rig.keys.store.hub_public()))
    with _console(rig.hub.addresses.control, tmp_path, security, new_signer("ada")) as client:
        text = _told(client, "does not know the key of the workstation desk-9")
        assert f"civitwin keys workstation desk-9 --public-key='{security.public_key}'" in text
        assert stranger.own.curve_secret not in text


def test_it_is_let_in_as_soon_as_it_is_on_the_list(rig, tmp_path):
    from twin.security.keystore import new_workstation_secret
    from twin.security.records import Workstation

    secret = new_workstation_secret("desk-8")
    security = ClientSecurity(ClientKeys(secret, rig.keys.store.hub_public()))
    ada = rig.person("late-ada", "traffic")
    with _console(rig.hub.addresses.control, tmp_path, security, ada) as client:
        _told(client, "does not know the key")
        rig.keys.store.add_workstation(
            Workstation(name="desk-8", public_key=secret.curve_public), None
        )
        _told(client, "Connected to the hub")
        until(lambda: polled(client).room.operators)


def test_a_revoked_workstation(rig, tmp_path):
    security = rig.security("desk-7")
    rig.keys.store.revoke_workstation("desk-7")
    until(lambda: not rig.hub._admission.security.is_welcome(security.public_key))
    with _console(rig.hub.addresses.control, tmp_path, security, new_signer("ada")) as client:
        _told(client, "desk-7 here, or it was revoked")


def test_another_hub_than_expected(rig, tmp_path):
    other = KeysRig.make(tmp_path / "other")
    security = ClientSecurity(other.workstation("desk-1"))
    with _console(rig.hub.addresses.control, tmp_path, security, new_signer("ada")) as client:
        _told(client, "does not have the key of the hub “test”.*hub.public.toml")


def test_a_hub_without_encryption(tmp_path):
    security = ClientSecurity(KeysRig.make(tmp_path / "keys").workstation("desk-1"))
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        _console(hub.addresses.control, tmp_path, security, new_signer("ada")) as client,
    ):
        _told(client, "has no encryption, this program insists on it|does not have the key")


def test_a_program_without_keys(rig, tmp_path):
    with _console(rig.hub.addresses.control, tmp_path) as client:
        _told(client, "is encrypted; give this program its --keys FOLDER|say --keys FOLDER")


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("nobody", "start the console with --keys and --person"),
        ("unknown", "knows no person called “unknown”; .*civitwin keys person unknown"),
        ("revoked", "The key of Revoked was revoked; ask the administrator for a new one"),
        ("stale", "has another key for Stale; this workstation's copy is out of date"),
    ],
)
def test_people_who_are_not_let_in(rig, tmp_path, who, sentence):
    security = rig.security(f"desk-{who}")
    signer = new_signer(who)
    if who == "revoked":
        signer = rig.person(who)
        rig.keys.store.change_person(who, revoked=True)
        until(lambda: rig.hub._admission.security.directory.person(who).revoked)
    if who == "stale":
        rig.person(who)
    signer = None if who == "nobody" else signer
    with _console(rig.hub.addresses.control, tmp_path, security, signer) as client:
        _told(client, f"The hub refuses this console: .*{sentence}")
        assert not polled(client).room.operators


def test_a_hub_that_calls_live_what_the_keys_call_a_drill(tmp_path):
    with secure_hub(tmp_path, drill=True) as rig:
        ada = rig.person("ada")
        security = rig.security("desk-1")
        live_hub = msgspec.structs.replace(security.keys.hub, drill=False)
        live = ClientSecurity(ClientKeys(security.keys.own, live_hub))
        with _console(rig.hub.addresses.control, tmp_path, live, ada) as client:
            _told(client, "says that it is a drill, but the keys here are for live operation")
