"""Keys for tests: a hub's folder with workstations and people, cheap to unlock."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from twin.security.client_keys import ClientKeys, load_client_keys
from twin.security.keystore import KeyStore, new_workstation_secret
from twin.security.records import Person, Workstation, WorkstationRole
from twin.security.sealed import SealCost, Signer, new_signer

#: Cheap on purpose: what is tested is not how long a guess takes.
CHEAP = SealCost(ops=1, memory_bytes=8192)
PASSWORD = "correct horse battery"


@dataclass
class KeysRig:
    """A hub's keys and whom it knows."""

    folder: Path
    signers: dict[str, Signer] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, *, drill: bool = False) -> KeysRig:
        rig = cls(folder)
        rig.store.init("test", drill=drill)
        return rig

    @property
    def store(self) -> KeyStore:
        return KeyStore(self.folder)

    def workstation(self, name: str, *roles: WorkstationRole, **more) -> ClientKeys:
        return load_client_keys(self.bundle(name, *roles, **more))

    def bundle(self, name: str, *roles: WorkstationRole, **more) -> Path:
        """Folder of a new workstation's keys."""
        secret = new_workstation_secret(name)
        record = Workstation(
            name=name, public_key=secret.curve_public, roles=roles or ("console",), **more
        )
        return self.store.add_workstation(record, secret)

    def bundle_with_person(self, name: str, person_id: str, department: str) -> tuple[Path, str]:
        """Folder of a console's keys with a person's sealed one in it, and the password."""
        folder = self.bundle(name)
        self.person(person_id, department, at=(name,))
        return folder, PASSWORD

    def person(self, person_id: str, department: str = "water", *roles: str, **more) -> Signer:
        signer = new_signer(person_id)
        fields = {"on_shift": True, "name": person_id.title()} | more
        at = fields.pop("at", ())
        record = Person(
            id=person_id,
            public_key=signer.public_key,
            department=department,
            roles=roles or ("operator",),
            **fields,
        )
        self.store.add_person(record, signer.seal(PASSWORD, CHEAP), at)
        self.signers[person_id] = signer
        return signer
