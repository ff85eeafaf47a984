"""The client in ``examples/``, written from docs/ alone, works with hubs with and without keys."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from nacl.signing import SigningKey, VerifyKey

from tests.conftest import ROOT
from tests.twin.hub_rig import FakeCity, HubProcess, console, free_base_port, obey, polled, until
from tests.twin.security.keys_rig import PASSWORD, KeysRig
from tests.twin.security.secure_rig import POLICY
from twin.link.client import HubClient
from twin.link.control import HubAddresses
from twin.room.model import CommandRequest, Event
from twin.security.canonical import signed_bytes
from twin.security.client_security import ClientSecurity

EXAMPLE = ROOT / "examples" / "follow_and_command.py"
SET_PLAN = ("signal.set_plan", "signal-1", '{"plan": 2}')


@contextlib.contextmanager
def example(
    hub: HubAddresses, *arguments: str, stdout: Any = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """The client as a process."""
    command = [sys.executable, str(EXAMPLE), "--hub", hub.control, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=stdout, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def ended(
    hub: HubAddresses, *arguments: str, password: str | None = None
) -> tuple[int, list[str], str]:
    """Exit status, lines and complaint of a client that ends by itself."""
    with example(hub, *arguments) as process:
        out, err = process.communicate(None if password is None else f"{password}\n", timeout=40)
        return process.returncode, out.splitlines(), err


def state_told(line: str) -> str:
    """The state in a line about one: "12 hub: command.state ID STATE Sentence"."""
    return line.partition(": command.state ")[2].split()[1]


@pytest.fixture
def open_hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "journal.sqlite", "--ephemeral") as hub:
        yield hub


class Site:
    """A hub process with keys, one console's folder in it, and who sits there."""

    def __init__(self, folder: Path) -> None:
        self.rig = KeysRig.make(folder / "keys")
        self.desk = self.rig.bundle("desk-1")
        self.rig.person("ada", "traffic", at=("desk-1",))
        self.rig.person("ben", "water", at=("desk-1",))
        self.city = ClientSecurity(self.rig.workstation("city", "actuator", "source"))
        self.journal, policy = folder / "journal.sqlite", folder / "policy.toml"
        policy.write_text(POLICY)
        more = ("--keys", str(self.rig.folder), "--policy", str(policy))
        self.rig.person("tim", "traffic", at=("desk-1",), revoked=True)
        self.hub = HubProcess(self.journal, "--ephemeral", *more)

    def submitted(self) -> list[dict[str, Any]]:
        """Bodies of all commands in the journal."""
        connection = apsw.Connection(str(self.journal), flags=apsw.SQLITE_OPEN_READONLY)
        with contextlib.closing(connection):
            rows = connection.execute("SELECT body FROM events WHERE kind = 'command.submitted'")
            return [json.loads(body) for (body,) in rows]

    def ended(
        self, person: str, *command: str, password: str = PASSWORD, folder: Path | None = None
    ) -> tuple[int, list[str], str]:
        keys = ("--keys", str(folder or self.desk), "--person", person, "--password-stdin")
        return ended(self.hub.addresses, *keys, *command, password=password)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    with site.hub:
        yield site


def test_it_follows_and_its_command_is_verified(open_hub: HubProcess) -> None:
    with FakeCity(open_hub.addresses, obey) as city:
        status, lines, complaint = ended(open_hub.addresses, *SET_PLAN)
        assert (status, complaint) == (0, "")
        assert len(city.executed) == 1
    assert lines[0].startswith("Room after event")
    states = [state_told(line) for line in lines if "command.state" in line]
    assert states[0] == "QUEUED"
    assert states[-1] == "VERIFIED"
    assert "ACCEPTED" in states


def test_it_misses_no_event_when_the_hub_is_killed(tmp_path: Path) -> None:
    journal, port, told = tmp_path / "journal.sqlite", str(free_base_port()), tmp_path / "told"

    def note(hub: HubProcess, text: str) -> None:
        with console(hub.addresses.control, tmp_path) as ada:
            until(lambda: polled(ada).room.operators)
            ada.add_note(text)
            until(lambda: any(event.body.get("text") == text for event in _activity(ada)))

    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(HubProcess(journal, "--base-port", port))
        out = stack.enter_context(told.open("w"))
        follower = stack.enter_context(example(hub.addresses, stdout=out))
        until(lambda: "Room after event" in told.read_text(), what="the room")
        note(hub, "before")
        until(lambda: "before" in told.read_text(), what="the first note")
        hub.kill()
        hub = stack.enter_context(HubProcess(journal, "--base-port", port))
        note(hub, "after")
        until(lambda: "after" in told.read_text().split("before")[1], what="the second note")
        assert follower.poll() is None
    head, *lines = told.read_text().splitlines()
    first = int(head.split()[3])
    seqs = [int(line.split()[0]) for line in lines]
    assert seqs == list(range(first + 1, first + 1 + len(seqs)))
    assert sum("hub.started" in line for line in lines) == 1


def _activity(client: HubClient) -> list[Event]:
    return list(polled(client).room.activity)


def test_its_person_is_known_and_what_it_signs_is_in_the_journal(site: Site) -> None:
    with FakeCity(site.hub.addresses, obey, security=site.city):
        status, lines, complaint = site.ended("ada", *SET_PLAN)
    assert (status, complaint) == (0, "")
    assert state_told(lines[-1]) == "VERIFIED"
    (submitted,) = site.submitted()
    assert submitted["operator"]["person"] == "ada"
    whole = signed_bytes(
        kind="command.submit", body=submitted["request"], epoch=site.hub.ready["epoch"], drill=False
    )
    key = VerifyKey(bytes.fromhex(site.rig.signers["ada"].public_key))
    key.verify(whole, bytes.fromhex(submitted["signature"]))


@pytest.mark.parametrize(
    ("person", "password", "sentence"),
    [
        ("ada", "not the password", "That is not the password of ada"),
        ("eve", PASSWORD, "The keys in .* cannot be read: .*eve.key"),
        ("ben", PASSWORD, "REJECTED: No rule of the policy allows “signal.set_plan” to water"),
        ("tim", PASSWORD, "Refused: The key of Tim was revoked"),
    ],
    ids=["wrong-password", "no-key", "not-allowed", "revoked"],
)
def test_a_refusal_is_one_sentence(site: Site, person: str, password: str, sentence: str) -> None:
    status, _lines, complaint = site.ended(person, *SET_PLAN, password=password)
    assert status == 1
    assert re.match(sentence, complaint), complaint
    assert len(complaint.splitlines()) == 1


def test_a_workstation_that_the_hub_does_not_know_is_told_so(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "stranger"
    shutil.copytree(site.desk, folder)
    stranger = KeysRig.make(tmp_path / "elsewhere").bundle("desk-1")
    shutil.copy(stranger / "workstation.key", folder / "workstation.key")
    status, lines, complaint = site.ended("ada", *SET_PLAN, folder=folder)
    assert (status, lines) == (1, [])
    assert re.match("The hub at .* does not let this workstation's key in", complaint), complaint
    assert len(complaint.splitlines()) == 1


def test_a_command_that_the_city_refuses_is_one_sentence(open_hub: HubProcess) -> None:
    status, lines, complaint = ended(open_hub.addresses, *SET_PLAN[:2], '{"plan": 9}')
    assert status == 1
    assert state_told(lines[-1]) == "REJECTED"
    assert complaint.startswith("REJECTED: ")
    assert len(complaint.splitlines()) == 1


def test_it_needs_nothing_of_ours() -> None:
    for path in (EXAMPLE, EXAMPLE.with_name("workstation_keys.py")):
        tree = ast.parse(path.read_text("utf-8"))
        names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        for node in ast.walk(tree):
            names |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        roots = {str(name).split(".")[0] for name in names} - sys.stdlib_module_names
        assert roots <= {"zmq", "msgpack", "nacl", "workstation_keys"}
        assert len(path.read_text("utf-8").splitlines()) < 150


def test_the_signed_example_of_the_document() -> None:
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    (request,) = re.findall(r"the request `(\{.*?\})`, epoch", page)
    (text,) = re.findall(r"example:begin -->\n```text\n(.*?)\n```", page)
    (signature,) = re.findall(r"with the signature `([0-9a-f]{128})`", page)
    body = msgspec.convert(json.loads(request), CommandRequest)
    whole = signed_bytes(kind="command.submit", body=body, epoch="e-1", drill=False)
    assert whole.decode() == f"civitwin-signed-1\n{text}"
    assert SigningKey(bytes(range(32))).sign(whole).signature.hex() == signature
