"""Keys of a workstation and signatures of a person, for `follow_and_command.py`.

Written from docs/security.md alone; needs only: pip install PyNaCl.
"""

import getpass
import json
import sys
import tomllib
from pathlib import Path

from nacl import exceptions, pwhash, secret, signing


def canonical(value):
    """What json.dumps has to be given to write RFC 8785 (docs/security.md)."""
    if isinstance(value, dict):
        return {"$" * key.startswith("$") + key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, float) and not 1e-4 <= abs(value) < 1e15:
        sys.exit(f"This example does not know how RFC 8785 writes {value}")
    return {"$int": str(value)} if isinstance(value, int) and abs(value) >= 2**53 else value


class Keys:
    """The folder of a workstation: its own key, the hub's public one, a person's sealed one."""

    def __init__(self, folder, person, password):
        folder, self.person = Path(folder), person
        self.own = tomllib.loads((folder / "workstation.key").read_text())
        self.hub = tomllib.loads((folder / "hub.public.toml").read_text())
        box = tomllib.loads((folder / "people" / f"{person}.key").read_text())
        salt, cost = bytes.fromhex(box["salt"]), (box["ops"], box["memory_bytes"])
        key = pwhash.argon2id.kdf(32, password.encode(), salt, *cost)
        seed = secret.SecretBox(key).decrypt(bytes.fromhex(box["sealed"]))
        self.signing_key = signing.SigningKey(seed)

    def sign(self, kind, body, epoch):
        """Ed25519 signature, hexadecimal, of a request of this person."""
        whole = {"body": body, "drill": self.hub["drill"], "epoch": epoch, "kind": kind}
        form = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
        text = "civitwin-signed-1\n" + json.dumps(canonical(whole), **form)
        return self.signing_key.sign(text.encode()).signature.hex()

    def protect(self, socket):
        """Set the keys of a ZeroMQ socket, before it connects."""
        socket.curve_serverkey = self.hub["curve_public"].encode()
        socket.curve_publickey = self.own["curve_public"].encode()
        socket.curve_secretkey = self.own["curve_secret"].encode()

    def log_in(self, nonce, epoch):
        """Answer to a hub's challenge: the fields that the second hello has more."""
        body = {"hub": self.hub["curve_public"], "workstation": self.own["curve_public"]}
        body |= {"nonce": nonce, "person": self.person}
        return {"person": self.person, "proof": self.sign("session.login", body, epoch)}


def opened(folder, person, *, stdin):
    """The keys, opened with a password from the terminal or from one line of standard input."""
    password = sys.stdin.readline().rstrip("\n") if stdin else getpass.getpass()
    try:
        return Keys(folder, person, password)
    except exceptions.CryptoError:
        sys.exit(f"That is not the password of {person}")
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"The keys in {folder} cannot be read: {error}")
