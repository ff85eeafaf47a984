"""Names that are looked up elsewhere, on a worker: results come while the person types on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin.city.feature_file import Found as FoundFeature
from widgets.bridge import Bridge, Job, JobProgress
from widgets.find_index import Hit, normalised

#: A single letter fits everything and helps nobody.
LEAST_LETTERS = 2
#: How many are asked for; the best of them are listed.
_MOST = 12
_PREFIX, _WORD, _ANYWHERE = range(3)


class LateIndex:
    """Searches a whole city's feature table, one text at a time. GUI thread.

    `search` gives what is known of the text now; where that is nothing yet, a job begins and
    ``ready`` is called when it ended. A text that was typed over is not looked up any more.

    Parameters
    ----------
    look : blocking; finds features by text, at most so many
    """

    def __init__(
        self,
        *,
        bridge: Bridge,
        look: Callable[[str, int], Sequence[FoundFeature]],
        ready: Callable[[], object],
    ) -> None:
        self._bridge, self._look, self._ready = bridge, look, ready
        self._wanted = self._known = ""
        self._results: tuple[FoundFeature, ...] = ()
        self._job: Job | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the text that was searched last is still looked up."""
        return self._wanted != self._known

    def found(self, row: int) -> FoundFeature:
        """What a hit of the last search stands for."""
        return self._results[row]

    def search(self, query: str, limit: int) -> list[Hit]:
        """The best `limit` features for `query` as far as known, best first."""
        self._wanted = " ".join(query.split())
        if len(self._wanted) < LEAST_LETTERS:
            self._wanted = self._known = ""
            self._results = ()
        if self.is_busy:
            self._begin()
            return []
        return [
            Hit(row, (_kind(one, self._known), row, row))
            for row, one in enumerate(self._results[:limit])
        ]

    def _begin(self) -> None:
        if self._job is not None and not self._job.is_over:
            return  # its end begins the next
        text = self._wanted

        def work(_report: JobProgress) -> Sequence[FoundFeature]:
            return self._look(text, _MOST)

        def done(results: Sequence[FoundFeature]) -> None:
            if text != self._wanted:
                if self.is_busy:
                    self._begin()
                return
            self._results, self._known = tuple(results), text
            self._ready()

        self._job = self._bridge.run_job(work, done, lambda _error: done(()))


def _kind(one: FoundFeature, text: str) -> int:
    phrase = normalised(text)
    names = [normalised(name) for name in (one.name, one.id)]
    if any(name.startswith(phrase) for name in names):
        return _PREFIX
    return _WORD if any(f" {phrase}" in name for name in names) else _ANYWHERE
