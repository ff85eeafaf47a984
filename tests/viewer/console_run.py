"""A console as a process, ended by itself: its report and its picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

CIVITWIN = [sys.executable, "-m", "viewer.cli"]


def run_console(tmp_path: Path, *arguments: str, seconds: float = 16) -> tuple[dict, Image.Image]:
    picture, report = tmp_path / "shot.png", tmp_path / "report.json"
    done = subprocess.run(
        [
            *CIVITWIN,
            *arguments,
            *("--seconds", str(seconds), "--screenshot", str(picture), "--report", str(report)),
        ],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    with Image.open(picture) as image:
        return json.loads(report.read_text()), image.convert("RGB")
