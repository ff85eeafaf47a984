"""Pictures of the scenes for README and docs: each is played, recorded, and its moments drawn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from viewer.stage.scene_film import FilmOptions, SceneFilm  # noqa: E402 - the root first

#: Name of a scene, and the moments of it that are kept, seconds of the scene.
MOMENTS: dict[str, tuple[float, ...]] = {"cloudburst": (36.0, 75.0, 104.0)}
SIZE_PX = (1600, 900)
PACE = "4"


def take(scene: str, folder: Path) -> list[Path]:
    """Play a scene and draw its moments; gives the files, [] when it did not go as it should."""
    with tempfile.TemporaryDirectory(prefix="civitwin-scene-") as name:
        recording = Path(name) / "scene.mcap"
        command = [sys.executable, "-m", "viewer.cli", "play", scene, "--headless"]
        command += ["--pace", PACE, "--record", str(recording)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return []
        return draw(scene, recording, folder)


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
