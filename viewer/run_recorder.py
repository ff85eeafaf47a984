"""Collects the figures of one console run while it runs; see `viewer.report`."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.session import TwinSession
from viewer.report import RunReport, peak_rss_mb, percentile_or_none, process_age_s

#: Farther than this from where it was first seen, a unit has moved.
MOVED_M = 1.0
KEEP = 20_000


class RunRecorder:
    """Figures of one run. GUI thread.

    Call order of a frame: `note_update` after the scene was brought up to date with everything
    received, `note_frame` when the frame is on the screen.
    """

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self._frame_ms: deque[float] = deque(maxlen=KEEP)
        self._latency_ms: deque[float] = deque(maxlen=KEEP)
        self._waiting_sent_ns: list[int] = []
        self._n_frames = 0
        self._update_ms = 0.0
        self._first_frame_s: float | None = None
        self._first_xyz: Float32Array = np.empty((0, 3), np.float32)
        self._has_moved: BoolArray = np.empty(0, np.bool_)

    @property
    def has_drawn(self) -> bool:
        """Whether a frame with the city was drawn."""
        return self._first_frame_s is not None

    def note_update(self, took_ms: float) -> None:
        """The scene now holds everything received so far."""
        self._update_ms += took_ms
        marks = self._session.ingest.take_latency_marks()
        self._waiting_sent_ns.extend(sent_ns for sent_ns, _received_ns in marks)
        del self._waiting_sent_ns[:-KEEP]

    def note_frame(self, took_ms: float) -> None:
        """A frame was drawn."""
        now_ns = self._session.clock.now_ns()
        if self._first_frame_s is None:
            self._first_frame_s = process_age_s()
        self._n_frames += 1
        self._frame_ms.append(took_ms + self._update_ms)
        self._update_ms = 0.0
        self._latency_ms.extend((now_ns - sent_ns) / 1e6 for sent_ns in self._waiting_sent_ns)
        self._waiting_sent_ns.clear()

    def note_units(self) -> None:
        """Look where the units are; about once a second."""
        xyz = self._session.units.at(self._session.clock.now_ns()).xyz_local_m
        n_known = len(self._first_xyz)
        if len(xyz) > n_known:
            self._first_xyz = np.concatenate([self._first_xyz, xyz[n_known:]])
            self._has_moved = np.concatenate([self._has_moved, np.zeros(len(xyz) - n_known, bool)])
        unseen = np.isnan(self._first_xyz[:, 0])
        self._first_xyz[unseen] = xyz[unseen]
        with np.errstate(invalid="ignore"):
            self._has_moved |= np.linalg.norm(xyz - self._first_xyz, axis=1) > MOVED_M

    def report(self) -> RunReport:
        """The figures so far."""
        stats = self._session.ingest.stats()
        states = Counter(str(command.state) for command in self._session.hub.room.commands.values())
        frame_ms, latency_ms = self._array(self._frame_ms), self._array(self._latency_ms)
        return RunReport(
            frames=self._n_frames,
            frame_ms_p50=percentile_or_none(frame_ms, 50),
            frame_ms_p95=percentile_or_none(frame_ms, 95),
            samples_received=stats.received,
            sample_gaps=stats.gaps,
            datastreams=len(self._session.observations.datastreams),
            units_moving=int(self._has_moved.sum()),
            commands=dict(states),
            publish_to_screen_ms_p50=percentile_or_none(latency_ms, 50),
            publish_to_screen_ms_p95=percentile_or_none(latency_ms, 95),
            peak_rss_mb=peak_rss_mb(),
            first_frame_s=None if self._first_frame_s is None else round(self._first_frame_s, 2),
            features=self._session.city.features.n_features,
        )

    @staticmethod
    def _array(values: deque[float]) -> Float64Array:
        return np.array(values, dtype=np.float64)
