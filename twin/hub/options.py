"""What a hub can be told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from twin.hub.addresses import default_addresses
from twin.journal.base import Signer
from twin.link.control import HubAddresses


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTimes:
    """How long the hub waits for what, seconds.

    Attributes
    ----------
    actuator_wait_s : QUEUED without an actuator for the target, then FAILED
    accept_wait_s : SENT without an answer, then sent again
    n_attempts : how often it is sent before it is UNKNOWN
    n_tries : how often a command that may be repeated is tried before it is FAILED
    lost_wait_s : the actuator was lost after it accepted; the effect not seen by then = UNKNOWN
    session_wait_s : nothing heard from a console or actuator, then it counts as gone
    """

    actuator_wait_s: float = 5.0
    accept_wait_s: float = 5.0
    n_attempts: int = 3
    n_tries: int = 3
    lost_wait_s: float = 10.0
    session_wait_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubOptions:
    """What `twin.hub.server.run_hub` needs.

    Attributes
    ----------
    journal : SQLite file, made if absent, or ``postgresql://…``
    addresses : where to bind; ``default_addresses(base_port=0)`` = any free ports
    scene : name shown by consoles
    drill : nothing it commands is real
    interlocks : file of rules between departments, read again when it changes; None = no rules
    signer : the hub's key for the journal, None = it is not signed
    samples : a NATS cluster (``nats://HOST:4222``) that carries the samples to consoles; "" = the
        hub's own socket does
    keys : folder of the hub's keys; None = no encryption, every hello is believed, and only this
        machine can reach the hub
    policy : who may do what, where there are keys; None = the one that comes with the program
    """

    journal: str | Path
    addresses: HubAddresses = field(default_factory=default_addresses)
    scene: str = ""
    drill: bool = False
    interlocks: Path | None = None
    signer: Signer | None = None
    samples: str = ""
    keys: Path | None = None
    policy: Path | None = None
    times: HubTimes = field(default_factory=HubTimes)
