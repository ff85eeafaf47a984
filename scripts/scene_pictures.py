"""Pictures of the scenes for README and docs: each is played, recorded, and its moments drawn."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from twin.clock import NS_PER_S  # noqa: E402 - the root first
from twin.recording.reading import Recording  # noqa: E402
from viewer.stage.scene_film import FilmOptions, SceneFilm  # noqa: E402

#: Name of a scene, and the moments of it that are kept, seconds of the scene.
MOMENTS: dict[str, tuple[float, ...]] = {
    "cloudburst": (45.0, 75.0, 104.0), "stadium-night": (78.0,), "substation-fire": (56.0,),
    "quiet-week": (110.0,),
}  # fmt: skip
SIZE_PX = (1600, 900)
#: The scene that is shown once more in the workspace Review, and at which share of its recording.
REVIEWED, REVIEWED_AT = "cloudburst", 0.47
REVIEW_PICTURE = "guide-review"
_REVIEW_S = "40"
PACE = "2.5"


def take(scene: str, folder: Path) -> list[Path]:
    """Play a scene and draw its moments; gives the files, [] when it did not go as it should."""
    with tempfile.TemporaryDirectory(prefix="civitwin-scene-") as name:
        recording = Path(name) / "scene.mcap"
        command = [sys.executable, "-m", "viewer.cli", "play", scene, "--headless"]
        command += ["--pace", PACE, "--record", str(recording)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return []
        return draw(scene, recording, folder) + review(scene, recording, folder)


def review(scene: str, recording: Path, folder: Path) -> list[Path]:
    """The window of a replay of the recorded scene, where it is wanted."""
    if scene != REVIEWED:
        return []
    with contextlib.closing(Recording(recording)) as opened:
        at_s = (opened.end_ns - opened.start_ns) * REVIEWED_AT / NS_PER_S
    settings = recording.with_name("review.ini")
    settings.write_text("[window]\nworkspace=review\n", encoding="utf-8")
    picture = folder / f"{REVIEW_PICTURE}.png"
    command = [sys.executable, "-m", "viewer.cli", "replay", str(recording), "--at", f"+{at_s:.1f}"]
    command += ["--settings", str(settings), "--seconds", _REVIEW_S, "--theme", "light"]
    command += ["--window", "{}x{}".format(*SIZE_PX), "--screenshot", str(picture)]
    done = subprocess.run(command, cwd=ROOT, check=False)
    return [picture] if done.returncode == 0 else []


def draw(scene: str, recording: Path, folder: Path) -> list[Path]:
    """Draw the moments of a recorded scene."""
    files = []
    with SceneFilm(recording, FilmOptions(size_px=SIZE_PX)) as film:
        for number, moment_s in enumerate(MOMENTS[scene], 1):
            files.append(folder / f"{scene}-{number}.png")
            Image.fromarray(film.picture(moment_s)).save(files[-1], optimize=True)
    return files


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(MOMENTS)
    for one in chosen:
        print(one, *(path.name for path in take(one, ROOT / "docs" / "pictures")))
