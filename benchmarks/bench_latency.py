"""Publish to screen in the whole demo: hub, simulator and console, each its own process.

From the sender's stamp in a message to the end of the first frame that could show it, over all
messages of the run. The limit is absolute, 100 ms at the 95th percentile.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.result import Result

SECONDS = 25
LIMIT_MS = 100.0


def _report(folder: Path, size: str) -> dict[str, float]:
    path = folder / f"{size}.json"
    command = [sys.executable, "-m", "viewer.cli", "demo", "--seconds", str(SECONDS)]
    command += ["--window", size, "--report", str(path)]
    subprocess.run(command, capture_output=True, check=True, timeout=SECONDS + 60)
    return json.loads(path.read_text())


def run() -> list[Result]:
    """At 1280×720 and 1920×1080."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for size in ("1280x720", "1920x1080"):
            report = _report(Path(folder), size)
            p95 = report["publish_to_screen_ms_p95"]
            results.append(
                Result(
                    name=f"latency.publish_to_screen.{size}",
                    value=p95,
                    unit="ms",
                    ratio=None,
                    limit=LIMIT_MS,
                    ok=p95 <= LIMIT_MS,
                    note=(
                        f"p50 {report['publish_to_screen_ms_p50']} ms; update and draw p50 "
                        f"{report['frame_ms_p50']} ms, p95 {report['frame_ms_p95']} ms; "
                        f"{report['samples_received']} samples, {report['sample_gaps']} gaps"
                    ),
                )
            )
    return results
