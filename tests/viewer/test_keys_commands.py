"""``civitwin keys``, ``policy`` and ``hub --keys`` as an administrator meets them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from twin.security.client_keys import load_client_keys, unlock
from viewer.cli import main

PASSWORD = "correct horse battery"
CITY = "resources/policies/city.toml"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder, and ``civitwin keys`` on it: (what to do, lines on stdin) -> status."""
    monkeypatch.setattr("twin.security.sealed.SealCost.__init__.__defaults__", (1, 8192))
    folder = tmp_path / "keys"

    def run(*arguments: str, stdin: str | io.StringIO = "", at: Path = folder) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
        return main(["keys", *arguments, "--keys", str(at)])

    run.folder = folder
    return run


def _json(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_from_nothing_to_a_person_who_can_log_in(keys, capsys):
    assert keys("init", "The Hague") == 0
    assert "civitwin hub --keys" in capsys.readouterr().out
    assert keys("workstation", "desk-1", "--department", "traffic") == 0
    assert "carry this folder" in capsys.readouterr().out
    status = keys(
        "person", "ada", "--name", "Ada", "--department", "traffic", "--role", "operator",
        "--at", "desk-1", "--password-stdin", stdin=PASSWORD + "\n",
    )  # fmt: skip
    assert status == 0
    assert "Not on shift yet: civitwin keys shift ada on" in capsys.readouterr().out
    bundle = keys.folder / "workstations" / "desk-1"
    assert load_client_keys(bundle).hub.name == "The Hague"
    assert unlock(bundle, "ada", PASSWORD).person_id == "ada"
    assert keys("shift", "ada", "on") == 0
    capsys.readouterr()
    assert keys("list") == 0
    text = capsys.readouterr().out
    assert "ada              Ada · traffic · operator · on shift" in text
    assert "desk-1           console · traffic" in text
    assert keys("list", "--json") == 0
    told = _json(capsys)
    assert told["people"][0]["on_shift"] is True
    assert told["workstations"][0]["roles"] == ["console"]


def test_nothing_that_is_printed_is_secret(keys, capsys):
    keys("init", "x")
    keys("workstation", "desk-1")
    keys("person", "ada", "--password-stdin", stdin=PASSWORD + "\n")
    keys("request", "desk-2", at=keys.folder / "elsewhere")
    keys("list", "--json")
    captured = capsys.readouterr()
    secrets = [PASSWORD]
    for path in keys.folder.rglob("*.key"):
        lines = path.read_text().splitlines()
        secrets += [line.split('"')[1] for line in lines if "secret =" in line or "seed =" in line]
        secrets += [line.split('"')[1] for line in lines if line.startswith("sealed")]
    assert len(secrets) == 6
    assert not [secret for secret in secrets if secret in captured.out + captured.err]


def test_a_workstation_that_makes_its_own_key(keys, capsys):
    keys("init", "x")
    there = keys.folder.parent / "desk"
    capsys.readouterr()
    assert keys("request", "desk-2", "--json", at=there) == 0
    told = _json(capsys)
    assert keys("request", "desk-2", at=there) == 1
    assert keys("workstation", "desk-2", f"--public-key={told['public_key']}") == 0
    assert "hub.public.toml" in capsys.readouterr().out
    assert not (keys.folder / "workstations").exists()


def test_passwords_are_changed_on_the_workstation(keys, capsys):
    keys("init", "x")
    keys("person", "ada", "--password-stdin", stdin=PASSWORD + "\n")
    wrong = keys("passwd", "ada", "--password-stdin", stdin="wrong password\nanother good one\n")
    assert wrong == 1
    assert "The password of ada is wrong" in capsys.readouterr().err
    assert keys("passwd", "ada", "--password-stdin", stdin=f"{PASSWORD}\nanother good one\n") == 0
    assert unlock(keys.folder, "ada", "another good one")


def test_a_password_is_asked_twice_at_a_terminal(keys, monkeypatch, capsys):
    keys("init", "x")
    answers = iter([PASSWORD, "something else", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    assert keys("person", "ada", stdin=_Terminal()) == 1
    assert "differ; nothing was changed" in capsys.readouterr().err
    assert keys("person", "ada", stdin=_Terminal()) == 0


def test_what_cannot_be_is_one_sentence(keys, capsys):
    assert keys("workstation", "desk-1") == 1
    keys("init", "x")
    keys("workstation", "desk-1")
    capsys.readouterr()
    for arguments, stdin, sentence in (
        (["init", "y"], "", "There are keys of a hub already"),
        (["workstation", "Desk 1"], "", "small letters"),
        (["workstation", "desk-3", "--public-key=abc"], "", "40 letters"),
        (["person", "ada"], "", "There is no terminal"),
        (["person", "ada", "--password-stdin"], "short\n", "at least 10 letters"),
        (["person", "ada", "--password-stdin"], "", "at least 10 letters"),
        (["person", "ada", "--at", "desk-7", "--password-stdin"], PASSWORD, "no folder here"),
        (["revoke", "workstation", "desk-7"], "", "did you mean “desk-1”"),
        (["revoke", "person", "ada"], "", "There is no person called ada"),
        (["shift", "ada", "on"], "", "There is no person called ada"),
        (["passwd", "ada", "--password-stdin"], "", "is not on this workstation"),
    ):
        assert keys(*arguments, stdin=stdin) == 1, arguments
        said = capsys.readouterr().err
        assert sentence in said, said
        assert said.count("\n") == 1


def test_revoking(keys, capsys):
    keys("init", "x")
    keys("workstation", "desk-1")
    keys("person", "ada", "--password-stdin", stdin=PASSWORD + "\n")
    assert keys("revoke", "workstation", "desk-1") == 0
    assert keys("revoke", "person", "ada") == 0
    capsys.readouterr()
    keys("list")
    text = capsys.readouterr().out
    assert text.count("REVOKED") == 2
    assert keys("shift", "ada", "on") == 1
    assert keys("person", "ada", "--password-stdin", stdin=PASSWORD + "\n") == 0


# --- policy


def test_a_policy_is_checked(tmp_path, capsys):
    assert main(["policy", "check", CITY]) == 0
    out = capsys.readouterr().out
    assert "“City” version 1 is sound" in out
    assert "Warning" not in out
    path = tmp_path / "p.toml"
    path.write_text("version = 1\n[[allow]]\nid = 'x'\nactions = ['gaet.*']\n")
    assert main(["policy", "check", str(path)]) == 0
    assert "Warning: “x” is about gaet.*, and nothing is called so" in capsys.readouterr().out
    path.write_text("version = 1\n[[allow]]\nid = 'x'\nrole = ['y']\n")
    assert main(["policy", "check", str(path)]) == 1
    assert "line 4, [[allow]] “x”: nothing is called “role”" in capsys.readouterr().err


def test_a_policy_explains_itself(keys, capsys):
    keys("init", "x")
    keys(
        "person", "ada", "--department", "water", "--role", "operator", "--on-shift",
        "--password-stdin", stdin=PASSWORD + "\n",
    )  # fmt: skip
    capsys.readouterr()
    asked = ["policy", "explain", "ada", "gate.set", "gate-1", "--keys", str(keys.folder)]
    assert main([*asked, "--kind", "gate"]) == 0
    out = capsys.readouterr().out
    assert "Allowed: The rule “own-commands” allows it" in out
    assert "Approval: 1 approval by approver or shift leader from another department" in out
    assert "Lease: must be held, 30 s at a time (rule “one-hand”" in out
    assert "ada of water as operator, rank 0, on shift" in out
    assert main([*asked, "--department", "fire"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Denied: No rule of the policy allows “gate.set” to fire; the nearest")
    assert "“own-commands” does not allow it: it is for the departments that" in out
    assert main([*asked, "--shift", "off"]) == 1
    assert "for people on shift" in capsys.readouterr().out
    assert main([*asked, "--level", "4"]) == 1
    assert main([*asked, "--level", "4", "--role", "shift_leader"]) == 0
    assert main(["policy", "explain", "x", "gate.sett", "g"]) == 1
    assert "did you mean “gate.set”" in capsys.readouterr().out
    assert main(["policy", "explain", "ben", *asked[3:]]) == 1
    assert "know no person called ben" in capsys.readouterr().err
    assert main([*asked, "--at", "here"]) == 1
    assert "a longitude and a latitude" in capsys.readouterr().err


# --- hub


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "A hub needs keys"),
        (["--insecure-loopback", "--bind", "0.0.0.0"], "this machine only"),
        (["--insecure-loopback", "--policy", CITY], "A policy needs keys"),
        (["--insecure-loopback", "--keys", "."], "Say either"),
        (["--keys", "/nowhere"], "There are no keys of a hub here"),
    ],
)
def test_a_hub_that_would_not_be_safe_does_not_start(tmp_path, capsys, arguments, sentence):
    journal = tmp_path / "journal.sqlite"
    assert main(["hub", "--journal", str(journal), "--ephemeral", *arguments]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
