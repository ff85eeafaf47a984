"""Attributes of features: those of a streamed city's own table are fetched on a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twin.export.chosen import chosen_at
from twin.session import TwinSession
from widgets.bridge import Bridge, JobProgress

Attributes = Mapping[str, str | float]
_KEPT = 64


def near_attributes(session: TwinSession, row: int) -> Attributes:
    """What is known of a feature at once: all, or what came with its tile."""
    one = chosen_at(session.city.features, row)
    return {} if one is None else one.near_attributes


class FeatureLookup:
    """Never blocks: tells what is known, and calls ``came`` when more is. GUI thread."""

    def __init__(self, session: TwinSession, bridge: Bridge, came: Callable[[], object]) -> None:
        self._session, self._bridge, self._came = session, bridge, came
        self._known: dict[str, Attributes] = {}
        self._asked: set[str] = set()

    def attributes(self, row: int) -> Attributes:
        """Attributes of a row as far as they are known now."""
        one = chosen_at(self._session.city.features, row)
        if one is None:
            return {}
        if one.source is None:
            return one.near_attributes
        fetched = self._known.get(one.id)
        if fetched is None:
            self._fetch(one.id, one.attributes)
            return one.near_attributes
        return {**one.near_attributes, **fetched}

    def _fetch(self, feature_id: str, attributes: Callable[[], Attributes]) -> None:
        if feature_id in self._asked:
            return
        self._asked.add(feature_id)

        def work(_report: JobProgress) -> Attributes:
            return attributes()

        def done(found: Attributes) -> None:
            self._asked.discard(feature_id)
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[feature_id] = found
            self._came()

        self._bridge.run_job(work, done, lambda _error: done({}))
