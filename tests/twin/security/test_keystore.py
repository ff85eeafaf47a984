"""Keys on disk: private, whole, refused when they are not; and nothing secret is ever shown."""

from __future__ import annotations

import threading
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import msgspec
import pytest

from tests.twin.security.keys_rig import CHEAP, PASSWORD, KeysRig
from twin.security.client_keys import (
    KeyringError,
    change_password,
    from_keyring,
    keep_in_keyring,
    load_client_keys,
    people_here,
    read_sealed,
    remove_from_keyring,
    unlock,
)
from twin.security.keystore import KeyStore, KeyStoreError, new_workstation_secret
from twin.security.records import Person, Workstation
from twin.security.sealed import PasswordError, new_signer, opened, why_weak
from twin.security.secret_files import KeyFileError


@pytest.fixture
def rig(tmp_path: Path) -> KeysRig:
    return KeysRig.make(tmp_path / "keys")


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_every_secret_is_0600_and_the_rest_is_not_writable_by_others(rig):
    rig.workstation("desk-1")
    rig.person("ada", at=("desk-1",))
    secrets = sorted(path.relative_to(rig.folder) for path in rig.folder.rglob("*.key"))
    assert [str(path) for path in secrets] == [
        "hub.key",
        "people/ada.key",
        "workstations/desk-1/people/ada.key",
        "workstations/desk-1/workstation.key",
    ]
    assert {_mode(rig.folder / path) for path in secrets} == {0o600}
    assert {_mode(path) & 0o022 for path in rig.folder.rglob("*.toml")} == {0}


def test_keys_come_back_as_they_were(rig):
    keys = rig.workstation("desk-1", "console", "source")
    ada = rig.person("ada", "fire", "operator", "approver", rank=3, at=("desk-1",))
    directory = rig.store.directory()
    assert directory.workstation(keys.own.curve_public).roles == ("console", "source")
    assert directory.person("ada").roles == ("operator", "approver")
    assert unlock(keys.folder, "ada", PASSWORD).public_key == ada.public_key
    assert people_here(keys.folder) == ("ada",)
    hub = rig.store.hub_keys()
    assert hub.public == keys.hub
    assert hub.curve_public.decode() == keys.hub.curve_public


def test_a_hub_has_its_keys_once(rig):
    with pytest.raises(KeyStoreError, match="already"):
        rig.store.init("again")


def test_nothing_works_before_init(tmp_path):
    store = KeyStore(tmp_path)
    for work in (
        store.hub_keys,
        lambda: store.add_workstation(Workstation(name="a", public_key="x"), None),
        lambda: store.add_person(Person(id="a", name="A", public_key="x"), None),
    ):
        with pytest.raises(KeyStoreError, match="civitwin keys init"):
            work()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused(rig, mode):
    keys = rig.workstation("desk-1")
    rig.person("ada", at=("desk-1",))
    for path, work in (
        (rig.folder / "hub.key", rig.store.hub_keys),
        (keys.folder / "workstation.key", lambda: load_client_keys(keys.folder)),
        (keys.folder / "people" / "ada.key", lambda: unlock(keys.folder, "ada", PASSWORD)),
    ):
        path.chmod(mode)
        with pytest.raises(KeyFileError, match=f"Others can read .*{mode:04o}.*chmod 600"):
            work()
        path.chmod(0o600)
        work()


@pytest.mark.parametrize("name", ["people.toml", "workstations.toml", "hub.public.toml"])
def test_a_list_that_others_can_write_is_refused(rig, name):
    (rig.folder / name).chmod(0o664)
    read = rig.store.hub_keys if name == "hub.public.toml" else rig.store.directory
    with pytest.raises(KeyFileError, match="Others can write"):
        read()


def test_damage_is_a_sentence_that_never_quotes_a_secret(rig):
    keys = rig.workstation("desk-1")
    path = keys.folder / "workstation.key"
    text = path.read_text()
    secret = keys.own.curve_secret
    for broken in (text.replace('"', "", 1), text + secret, text.replace(secret, secret + '\\q"')):
        path.write_text(broken)
        with pytest.raises(KeyFileError, match="damaged") as caught:
            load_client_keys(keys.folder)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None
    path.unlink()
    with pytest.raises(KeyFileError, match=r"There is no workstation\.key here"):
        load_client_keys(keys.folder)


def test_a_hub_key_of_another_hub_is_refused(rig, tmp_path):
    other = KeysRig.make(tmp_path / "other")
    (rig.folder / "hub.key").write_bytes((other.folder / "hub.key").read_bytes())
    with pytest.raises(KeyFileError, match="do not belong together"):
        rig.store.hub_keys()


def test_names_and_keys_are_taken_once(rig):
    keys = rig.workstation("desk-1")
    ada = rig.person("ada")
    fresh = new_workstation_secret("x").curve_public
    person = Person(id="ben", name="Ben", public_key=new_signer("ben").public_key)
    for work, sentence in (
        (lambda: rig.workstation("desk-1"), "already"),
        (lambda: rig.workstation("Desk 1"), "small letters"),
        (lambda: rig.workstation("../x"), "small letters"),
        (
            lambda: rig.store.add_workstation(
                Workstation(name="b", public_key=keys.own.curve_public), None
            ),
            "not shared",
        ),
        (lambda: rig.store.add_workstation(Workstation(name="b", public_key="x"), None), "Z85"),
        (lambda: rig.person("ada"), "revoke it first"),
        (lambda: rig.person("a/b"), "small letters"),
        (lambda: rig.person("ben", at=("desk-9",)), "has no folder here"),
        (
            lambda: rig.store.add_person(
                msgspec.structs.replace(person, public_key=ada.public_key), None
            ),
            "used before",
        ),
        (
            lambda: rig.store.add_person(msgspec.structs.replace(person, public_key="12"), None),
            "64 hexadecimal",
        ),
        (lambda: rig.store.revoke_workstation("desk-2"), "did you mean “desk-1”"),
        (lambda: rig.store.change_person("adda", rank=2), "did you mean “ada”"),
    ):
        with pytest.raises(KeyStoreError, match=sentence):
            work()
    assert fresh
    assert [one.name for one in rig.store.directory().workstations] == ["desk-1"]
    assert [one.id for one in rig.store.directory().people] == ["ada"]


def test_revoked_is_revoked_until_there_is_a_new_key(rig):
    keys = rig.workstation("desk-1")
    old = rig.person("ada")
    rig.store.revoke_workstation("desk-1")
    rig.store.change_person("ada", revoked=True)
    directory = rig.store.directory()
    assert directory.workstation(keys.own.curve_public) is None
    assert directory.person("ada").revoked
    with pytest.raises(KeyStoreError, match="is revoked"):
        rig.store.change_person("ada", on_shift=True)
    new = rig.person("ada")
    assert new.public_key != old.public_key
    assert not rig.store.directory().person("ada").revoked


def test_two_of_a_name_in_an_edited_file_are_found(rig):
    rig.person("ada")
    path = rig.folder / "people.toml"
    path.write_text(path.read_text() + path.read_text().split("\n\n", 1)[1])
    with pytest.raises(KeyFileError, match="stands twice"):
        rig.store.directory()


def test_many_administrators_at_once_lose_nothing(rig):
    threads = [threading.Thread(target=rig.workstation, args=(f"desk-{n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rig.store.directory().workstations) == 12


# --- sealed keys


def test_a_sealed_key_opens_with_its_password_only():
    signer = new_signer("ada")
    sealed = signer.seal(PASSWORD, CHEAP)
    assert opened(sealed, PASSWORD).public_key == signer.public_key
    for wrong in ("", PASSWORD + " ", PASSWORD.upper()):
        with pytest.raises(PasswordError, match="password of ada is wrong"):
            opened(sealed, wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"sealed": "00" * 72},
        {"sealed": "zz"},
        {"salt": "00" * 16},
        {"salt": ""},
        {"public_key": "00" * 32},
        {"ops": 2},
        {"ops": 10**9},
        {"memory_bytes": 1 << 40},
        {"memory_bytes": 0},
        {"kdf": "md5"},
    ],
)
def test_a_changed_sealed_key_does_not_open(change):
    sealed = new_signer("ada").seal(PASSWORD, CHEAP)
    with pytest.raises(PasswordError):
        opened(msgspec.structs.replace(sealed, **change), PASSWORD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 10"),
        ("short", "at least 10"),
        ("a" * 20, "different letters"),
        ("ada.lovelace12", "person's own id"),
        ("x1y2" * 300, "at most"),
        (PASSWORD, ""),
    ],
)
def test_weak_passwords(password, why):
    text = why_weak(password, "ada.lovelace")
    assert (why in text) if why else text == ""


def test_changing_the_password(rig):
    keys = rig.workstation("desk-1")
    ada = rig.person("ada", at=("desk-1",))
    with pytest.raises(PasswordError, match="wrong"):
        change_password(keys.folder, "ada", "not the password", "a better password", CHEAP)
    with pytest.raises(PasswordError, match="at least"):
        change_password(keys.folder, "ada", PASSWORD, "weak", CHEAP)
    change_password(keys.folder, "ada", PASSWORD, "a better password", CHEAP)
    with pytest.raises(PasswordError):
        unlock(keys.folder, "ada", PASSWORD)
    assert unlock(keys.folder, "ada", "a better password").public_key == ada.public_key


@pytest.mark.parametrize("person_id", ["", "ben", "../ada", "people/ada"])
def test_a_key_that_is_not_here(rig, person_id):
    rig.person("ada")
    with pytest.raises(KeyFileError, match="is not on this workstation"):
        read_sealed(rig.folder, person_id)


def test_a_renamed_key_is_not_somebody_elses(rig):
    rig.person("ada")
    (rig.folder / "people" / "ada.key").rename(rig.folder / "people" / "ben.key")
    with pytest.raises(KeyFileError, match="the key of ada, not of ben"):
        read_sealed(rig.folder, "ben")


def test_keys_never_show_themselves(rig):
    keys = rig.workstation("desk-1")
    ada = rig.person("ada")
    hub = rig.store.hub_keys()
    shown = " ".join(f"{one!r} {one!s}" for one in (keys, keys.own, ada, hub, [ada], {"k": hub}))
    secrets = (
        keys.own.curve_secret,
        ada.seed_hex(),
        hub.curve_secret.decode(),
        hub.signing.encode().hex(),
    )
    assert not [secret for secret in secrets if secret in shown]


# --- the system's key store


class _Store(keyring.backend.KeyringBackend):
    """The interface of a system's key store, kept in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError("gone")
        del self.kept[service, username]


@pytest.fixture
def store():
    before = keyring.get_keyring()
    store = _Store()
    keyring.set_keyring(store)
    yield store
    keyring.set_keyring(before)


def test_the_system_keeps_a_key(rig, store):
    ada, hub = rig.person("ada"), rig.store.hub_public()
    assert from_keyring("ada", hub) is None
    keep_in_keyring(ada, hub)
    assert from_keyring("ada", hub).public_key == ada.public_key
    store.kept = dict.fromkeys(store.kept, "rubbish")
    with pytest.raises(PasswordError, match="no usable key"):
        from_keyring("ada", hub)
    remove_from_keyring("ada", hub)
    with pytest.raises(KeyringError, match="did not answer"):
        remove_from_keyring("ada", hub)
