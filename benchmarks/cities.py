"""Cities that benchmarks share: made once, kept under ``build/cities``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "cities"


def imported_city(n_buildings: int) -> Path:
    """The folder of a generated city, imported; made when it is not there yet."""
    city = FOLDER / f"generated-{n_buildings}"
    if not (city / "tileset.json").is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                sys.executable, "-m", "viewer.cli", "import", f"generated:{n_buildings}",
                "-o", str(city), "--force",
            ],
            check=True,
            cwd=FOLDER.parents[1],
        )  # fmt: skip
    return city
