"""Replays a recording as live data: its first moment is now, its pace is multiplied by a speed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np

from twin.clock import NS_PER_S, Clock
from twin.feed.recording import Moving, Recording, Series
from twin.feed.sender import SampleSender
from twin.sense.model import Announcement

#: Samples that are due are sent this often; positions of tracks are taken as often as `TRACK_S`.
SERIES_S = 0.1
TRACK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the replay stands: part of the recording (0 to 1), seconds left, samples sent, lost."""

    part: float
    left_s: float
    n_sent: int
    n_lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOptions:
    """How to replay: recorded seconds a second, from where, again and again, stop after (0 = end).

    ``start_s`` counts in recorded time; every round begins there.
    """

    speed: float
    start_s: float = 0.0
    loop: bool = False
    seconds: float = 0.0


def play(
    recording: Recording,
    sender: SampleSender,
    options: PlayOptions,
    clock: Clock,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
) -> None:
    """Replay until the end, `options.seconds`, or until `stop` is set.

    Runs on the caller's thread; `on_progress` is called there once a step.
    """
    announcement = _announcement(recording, options.speed)
    started_ns = clock.now_ns()
    round_s = (recording.duration_s - options.start_s) / options.speed
    while not stop.is_set():
        length_s = round_s
        if options.seconds:
            run_s = (clock.now_ns() - started_ns) / NS_PER_S
            length_s = min(round_s, options.seconds - run_s)
        if length_s <= 0.0:
            return
        _play_once(recording, sender, announcement, options, length_s, clock, stop, on_progress)
        if not options.loop:
            return


def _play_once(
    recording: Recording,
    sender: SampleSender,
    announcement: Announcement,
    options: PlayOptions,
    length_s: float,
    clock: Clock,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
) -> None:
    start_ns, step_s = clock.now_ns(), SERIES_S if isinstance(recording, Series) else TRACK_S
    n_done, run_s = 0, 0.0
    if isinstance(recording, Series):
        n_done = int(np.searchsorted(recording.elapsed_s, options.start_s))
    while True:
        run_s = min((clock.now_ns() - start_ns) / NS_PER_S, length_s)
        sender.announce(announcement)
        if isinstance(recording, Series):
            n_done = _send_due(recording, sender, n_done, start_ns, run_s, options)
        else:
            _send_positions(recording, sender, start_ns, run_s, options)
        on_progress(
            Progress(
                part=run_s / length_s, left_s=length_s - run_s,
                n_sent=sender.n_sent, n_lost=sender.n_lost,
            )
        )  # fmt: skip
        if run_s >= length_s or stop.wait(min(step_s, length_s - run_s)):
            return


def _send_due(
    series: Series,
    sender: SampleSender,
    n_done: int,
    start_ns: int,
    run_s: float,
    options: PlayOptions,
) -> int:
    """Send what has become due; how many observations have been sent now."""
    now_s = options.start_s + run_s * options.speed
    n_due = int(np.searchsorted(series.elapsed_s, now_s, side="right"))
    due = slice(n_done, n_due)
    since_s = (series.elapsed_s[due] - options.start_s) / options.speed
    t_ns = start_ns + (since_s * NS_PER_S).astype(np.int64)
    sender.send_samples(series.indices[due], t_ns, series.values[due])
    return n_due


def _send_positions(
    moving: Moving, sender: SampleSender, start_ns: int, run_s: float, options: PlayOptions
) -> None:
    indices, lonlat_deg = moving.positions_at(options.start_s + run_s * options.speed)
    t_ns = np.full(len(indices), start_ns + round(run_s * NS_PER_S), dtype=np.int64)
    sender.send_positions(indices, t_ns, lonlat_deg)


def _announcement(recording: Recording, speed: float) -> Announcement:
    """What the recording has; the sender fills in who and when."""
    if not isinstance(recording, Series):
        return Announcement(source="", epoch="", units=recording.units)
    interval_s = recording.interval_s / speed
    streams = tuple(
        msgspec.structs.replace(stream, interval_s=interval_s) for stream in recording.datastreams
    )
    return Announcement(source="", epoch="", things=recording.things, datastreams=streams)
