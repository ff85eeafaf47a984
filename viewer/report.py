"""What a timed run (``--seconds``) measured, as JSON for a script."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import msgspec
import numpy as np

from twin.arrays import Float64Array
from twin.clock import SystemClock

_IMPORTED_NS = SystemClock().monotonic_ns()


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one console run; the keys are a public contract.

    Attributes
    ----------
    frames : frames drawn
    frame_ms_p50, frame_ms_p95 : time to update and draw one frame
    samples_received, sample_gaps : observations and positions taken in; messages missed
    datastreams, units_moving : datastreams seen; units whose position changed in the run
    commands : count by final state
    publish_to_screen_ms_p50, publish_to_screen_ms_p95 : from the sender's stamp to the end of the
        first frame that could show it
    peak_rss_mb : of the console process
    first_frame_s : from the start of the process to the first frame with the city
    features : features of the city
    """

    frames: int
    frame_ms_p50: float | None
    frame_ms_p95: float | None
    samples_received: int
    sample_gaps: int
    datastreams: int
    units_moving: int
    commands: dict[str, int]
    publish_to_screen_ms_p50: float | None
    publish_to_screen_ms_p95: float | None
    peak_rss_mb: float
    first_frame_s: float | None
    features: int

    def save(self, path: Path) -> None:
        """Write as indented JSON."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        path.write_bytes(text + b"\n")


def percentile_or_none(values: Float64Array, percent: float) -> float | None:
    """Percentile rounded to 0.01; None without values."""
    if not len(values):
        return None
    return round(float(np.percentile(values, percent)), 2)


def peak_rss_mb() -> float:
    """Largest resident size of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 if sys.platform != "darwin" else 1024**2), 1)


def process_age_s() -> float:
    """Seconds since this process was started, from /proc; since import elsewhere."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="ascii")
        uptime_s = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except OSError:
        return (SystemClock().monotonic_ns() - _IMPORTED_NS) / 1e9
    ticks = float(stat.rsplit(")", 1)[1].split()[19])
    return uptime_s - ticks / os.sysconf("SC_CLK_TCK")
