"""A source or a listener that is refused for its key gets in once the hub knows it."""

from __future__ import annotations

import pytest

from tests.twin.hub_rig import CLOCK, until
from tests.twin.security.keys_rig import KeysRig
from tests.twin.security.secure_rig import SecureHub, secure_hub
from twin.link.wire import encode_announcement
from twin.samples.outlet import ZeromqOutlet
from twin.samples.zeromq_source import ZeromqSource
from twin.security.client_keys import ClientKeys
from twin.security.client_security import ClientSecurity
from twin.security.records import Workstation
from twin.sense.model import Announcement, Datastream, Thing
from twin.sim.publisher import SamplePublisher

ANNOUNCEMENT = Announcement(
    source="late",
    epoch="e1",
    things=(Thing(id="pump-1", name="Pump 1", kind="pump"),),
    datastreams=(Datastream(index=0, id="pump-1/on", thing_id="pump-1", observed_property="on"),),
)


@pytest.fixture
def rig(tmp_path):
    with secure_hub(tmp_path / "hub") as rig:
        yield rig


def _stranger(rig: SecureHub, folder, name: str) -> ClientSecurity:
    """Keys that know the hub, which does not know them."""
    own = KeysRig.make(folder / name).workstation(name).own
    return ClientSecurity(ClientKeys(own, rig.keys.store.hub_public()))


def _let_in(rig: SecureHub, security: ClientSecurity, *roles) -> None:
    own = security.keys.own
    record = Workstation(name=own.name, public_key=own.curve_public, roles=roles)
    rig.keys.store.add_workstation(record, own)


def _n_refused(rig: SecureHub) -> int:
    return rig.hub._admission.security.n_refused


def test_a_publisher_and_a_listener_that_were_refused_at_first(rig, tmp_path):
    listening, sending = (_stranger(rig, tmp_path, name) for name in ("ear", "gauge"))
    source = ZeromqSource(rig.hub.addresses.samples_out, configure=listening.apply)
    publisher = SamplePublisher(ANNOUNCEMENT, CLOCK, sending)
    publisher.connect(rig.hub.addresses.samples_in)
    try:
        until(lambda: _n_refused(rig) >= 2, what="both refused")
        assert not publisher.announce()
        _let_in(rig, listening, "console")
        _let_in(rig, sending, "source")

        def heard() -> bool:
            publisher.announce()
            return any(b"pump-1" in bytes(part) for one in source.receive(20) for part in one)

        until(heard, 20.0, "the announcement through the hub")
    finally:
        publisher.close()
        source.close()


def test_an_outlet_that_was_cut_off_goes_on_asking(rig, tmp_path):
    sending = _stranger(rig, tmp_path, "gauge")
    _let_in(rig, sending, "source")
    until(lambda: rig.hub._admission.security.is_welcome(sending.public_key))
    frames = encode_announcement(ANNOUNCEMENT)
    outlet = ZeromqOutlet(rig.hub.addresses.samples_in, configure=sending.apply)
    try:
        outlet.connect(10.0)
        assert outlet.send(frames)
        rig.keys.store.revoke_workstation("gauge")
        until(lambda: not outlet.send(frames), 20.0, "cut off")
        before = _n_refused(rig)
        until(lambda: not outlet.send(frames) and _n_refused(rig) > before + 1, 20.0, "tries on")
    finally:
        outlet.close()
