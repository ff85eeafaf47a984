"""What was opened last: a short list on disk, for the command line and the window."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from platformdirs import user_state_path

MOST = 12


class RecentScenes:
    """The last scenes and files a person opened, the latest first. One thread.

    An absent or broken list means that nothing was opened yet; a list that cannot be written is
    left alone, since it is a convenience.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_state_path("civitwin", appauthor=False) / "recent.json"

    def entries(self) -> list[list[str]]:
        """Absolute paths or addresses of each opening, the latest first."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        if not isinstance(found, list):
            return []
        good = [one for one in found if isinstance(one, list) and one]
        return [one for one in good if all(isinstance(text, str) for text in one)][:MOST]

    def note(self, files: Sequence[str]) -> None:
        """Put an opening to the front."""
        entry = [one if "://" in one else str(Path(one).resolve()) for one in files]
        entries = [entry, *(one for one in self.entries() if one != entry)][:MOST]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps(entries, ensure_ascii=False, indent=1), encoding="utf-8")
            partial.replace(self.path)
        except OSError:
            return

    def lines(self) -> Iterator[str]:
        """The list as text for a terminal."""
        entries = self.entries()
        if not entries:
            yield "Nothing was opened yet. Open a city with: civitwin open FILE"
            return
        yield "Opened last:"
        for entry in entries:
            yield "  civitwin open " + " ".join(_quoted(one) for one in entry)


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
