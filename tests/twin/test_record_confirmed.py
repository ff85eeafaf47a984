"""``civitwin record --confirmed``: the hub keeps each message until it is on the disk."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

from tests.twin.hub_rig import CLOCK, console, polled, running_hub, until
from tests.twin.lane_rig import Publisher
from twin.hub.addresses import default_addresses
from twin.hub.server import Hub
from twin.link.control import HubAddresses
from twin.link.wire import SampleBatch, decode
from twin.recording.form import SAMPLES, unpack_frames
from twin.recording.keeping import Keeper
from twin.recording.lanes import lane_address
from twin.recording.reading import Recording, mask_of
from twin.recording.recorder import Recorder


def _seqs(path: Path) -> list[int]:
    recording = Recording(path)
    found = [decode(unpack_frames(m.data)) for m in recording.messages(channels=mask_of(SAMPLES))]
    recording.close()
    return [one.seq for one in found if isinstance(one, SampleBatch)]


def _recorder(hub: Hub, path: Path) -> Recorder:
    recorder = Recorder(
        endpoint=hub.addresses.control, keeper=Keeper(path), clock=CLOCK, is_confirmed=True
    )
    recorder.start()
    return recorder


def _begun(recorder: Recorder, publisher: Publisher) -> None:
    """Send until the recorder gets it."""
    counts = recorder.keeper.counts
    until(lambda: publisher.send() and (recorder.step(0.02) or counts.n_samples), 20.0)


def test_a_recorder_with_a_slow_disk_misses_nothing(tmp_path: Path) -> None:
    """20 MB while it does not write: more than the window, so that the hub has to keep it."""
    path, n = tmp_path / "a.mcap", 1_000
    with running_hub(tmp_path / "j.sqlite") as hub:
        publisher = Publisher(hub.addresses.samples_in, n_streams=1000)
        publisher.announce()
        recorder = _recorder(hub, path)
        _begun(recorder, publisher)
        edge = threading.Thread(target=lambda: [publisher.send() for _ in range(n)])
        edge.start()
        queue = hub._forwarder.record.queue
        until(lambda: queue.n_bytes > 16 << 20 or not edge.is_alive(), 60.0, "unconfirmed messages")
        until(lambda: recorder.step(0.02) or not edge.is_alive(), 60.0, "all sent")
        until(lambda: recorder.step(0.02) or queue.confirmed == queue.newest, 60.0, "confirmed")
        counts = dataclasses.replace(recorder.keeper.counts)
        recorder.close()
        with publisher:
            pass
    seqs = _seqs(path)
    assert seqs == list(range(seqs[0], publisher.seq))
    assert len(seqs) > n
    assert counts.n_lost == counts.gaps == 0


def test_nothing_is_confirmed_before_it_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with running_hub(tmp_path / "j.sqlite") as hub:
        publisher = Publisher(hub.addresses.samples_in)
        publisher.announce()
        recorder = _recorder(hub, path)
        _begun(recorder, publisher)
        queue = hub._forwarder.record.queue
        until(lambda: recorder.step(0.02) or queue.n_bytes == 0, 20.0, "the beginning confirmed")
        whole = recorder.keeper.n_written
        assert publisher.send()
        until(lambda: recorder.step(0.0) or queue.n_bytes or recorder.keeper.n_written > whole)
        if recorder.keeper.n_written == whole:  # still in the chunk that is being filled
            assert queue.n_bytes > 0
        until(lambda: recorder.step(0.02) or queue.n_bytes == 0, 20.0, "confirmed with its chunk")
        assert recorder.keeper.n_written > whole
        recorder.close()
        with publisher:
            pass


def test_a_hub_without_that_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    addresses = default_addresses(base_port=0)
    alone = HubAddresses(
        control=addresses.control, events=addresses.events, samples_in=addresses.samples_in,
        samples_out=addresses.samples_out,
    )  # fmt: skip
    with (
        running_hub(tmp_path / "j.sqlite", addresses=alone) as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        recorder = _recorder(hub, tmp_path / "a.mcap")
        until(lambda: recorder.step(0.02) or "no port for recorders" in recorder.trouble)
        ada.add_note("facts are kept all the same")
        until(lambda: recorder.step(0.02) or recorder.keeper.counts.n_events, what="the note")
        polled(ada)
        recorder.close()


def test_which_address_is_taken() -> None:
    hub = HubAddresses(control="c", events="e", samples_in="i", samples_out="tcp://o", record="r")
    assert lane_address(hub, is_confirmed=False) == "tcp://o"
    assert lane_address(hub, is_confirmed=True) == "r"
    nats = HubAddresses(control="c", events="e", samples_in="i", samples_out="nats://a/x")
    assert lane_address(nats, is_confirmed=True) == "nats://a/x"
