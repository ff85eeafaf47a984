"""Joins the live topics of a scene to its features: looks names up in the background."""

from __future__ import annotations

import logging

from twin.city.feature_keys import FeatureKeys
from twin.errors import TwinError
from twin.sense.live_join import LiveJoin, LiveJoins
from twin.session import TwinSession
from widgets.bridge import Bridge

_log = logging.getLogger(__name__)

LOOK_MS = 500
#: So many looks without a new name before the person is told what was not found.
_CALM_LOOKS = 6


class LiveJoinDriver:
    """Nothing at all for a scene without live joins. GUI thread."""

    def __init__(self, session: TwinSession, bridge: Bridge) -> None:
        self._session, self._bridge = session, bridge
        scene = session.scene_file
        joins = [
            LiveJoin(topic=one.topic, key=one.key, attribute=one.feature_key, source=one.source)
            for one in (scene.joins if scene is not None else ())
            if one.is_live
        ]
        self._joins = LiveJoins(joins, FeatureKeys(session.city).ids)
        self._is_busy = False
        self._n_calm = 0
        self._told: list[str] = []
        if joins:
            session.observations.set_joins(self._joins)
            bridge.every(LOOK_MS, self._look)

    def _look(self) -> None:
        if self._is_busy:
            return
        if self._joins.has_questions:
            self._is_busy, self._n_calm = True, 0
            self._bridge.run_job(lambda _progress: self._joins.resolve(), self._take, self._fail)
            return
        self._n_calm += 1
        if self._n_calm == _CALM_LOOKS:
            self._tell()

    def _take(self, has_found: bool) -> None:
        self._is_busy = False
        if has_found:
            self._session.observations.set_joins(self._joins)

    def _fail(self, error: Exception) -> None:
        self._is_busy = False
        sentence = str(error) if isinstance(error, TwinError) else "A live join failed; see the log"
        _log.warning("A live join failed", exc_info=error)
        self._session.message.emit(sentence)

    def _tell(self) -> None:
        misses = self._joins.misses()
        if misses != self._told:
            self._told = misses
            for sentence in misses:
                self._session.message.emit(sentence)
