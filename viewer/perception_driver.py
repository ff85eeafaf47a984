"""Lets a console notice: which sources must not be trusted, what is unusual, what is one incident.

The looking itself is done in jobs, never on the GUI thread, and never two of a kind at a time.
GUI thread.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from twin.clock import NS_PER_S
from twin.judging import graph_of
from twin.operations.asset_graph import AssetGraph
from twin.operations.correlation import IncidentProposal
from twin.operations.proposing import apart_of, happenings_of, proposals_among
from twin.session import TwinSession
from viewer.settings import Settings
from widgets.bridge import Bridge, JobProgress
from widgets.parts.episode_words import stream_name, why_text

LOOK_MS = 1_000
#: Proposals are looked at again after so long even if nothing moved: time passes.
AGAIN_S = 60.0
#: … and not sooner than this, however much moves.
LEAST_S = 2.0
#: An episode that began earlier is no news.
RECENT_S = 3_600.0
_MOVES = frozenset({"alarms", "incidents", "verdicts", "proposals"})
_log = logging.getLogger(__name__)


class PerceptionDriver:
    """Looks about once a second for as long as the bridge is open.

    Parameters
    ----------
    history : folder with the past of datastreams, None = there is none
    watched : further datastreams to watch
    """

    def __init__(
        self,
        session: TwinSession,
        bridge: Bridge,
        settings: Settings,
        *,
        history: Path | None = None,
        watched: tuple[str, ...] = (),
    ) -> None:
        self._session, self._bridge, self._settings = session, bridge, settings
        self._busy: set[str] = set()
        self._failed: set[str] = set()
        self._graph: AssetGraph | None = None
        self._catalogue = -1
        self._proposed_ns = 0
        self._has_moved = True
        self._told: set[str] = set()
        self._told_episodes: set[str] = set()
        self._city = session.city.title
        now = datetime.fromtimestamp(session.clock.now_ns() / NS_PER_S).astimezone()
        offset = now.utcoffset()
        session.anomalies.utc_offset_s = offset.total_seconds() if offset is not None else 0.0
        if history is not None:
            self._open_history(history)
        self._restore(watched)
        self._disconnect = session.room_changed.connect(self._note)
        bridge.every(LOOK_MS, self.look)

    def close(self) -> None:
        """Let go of the session."""
        self._disconnect()

    def look(self) -> None:
        """Begin what is due."""
        session, now_ns = self._session, self._session.clock.now_ns()

        def sources(_progress: JobProgress) -> None:
            session.source_watch.look(now_ns)

        def anomalies(_progress: JobProgress) -> None:
            session.anomalies.look(now_ns)

        self._run("sources", sources)
        if session.anomalies.wanted or session.anomalies.views:
            self._run("unusual values", anomalies, self._tell_unusual)
        self._remember()
        self._propose(now_ns)

    def _tell_unusual(self, _changed: object) -> None:
        """Say once that something unusual has begun; the panel shows the rest."""
        session, now_ns = self._session, self._session.clock.now_ns()
        for view in session.anomalies.views.values():
            for episode in view.episodes[-1:]:
                is_recent = episode.is_open and now_ns - episode.start_ns < RECENT_S * NS_PER_S
                if is_recent and episode.id not in self._told_episodes:
                    name = stream_name(session, episode.datastream_id)
                    session.message.emit(f"Unusual: {name}, {why_text(session, episode)}")
                self._told_episodes.add(episode.id)

    def _note(self, parts: frozenset[str]) -> None:
        self._has_moved = self._has_moved or bool(parts & _MOVES)

    def _propose(self, now_ns: int) -> None:
        since_s = abs(now_ns - self._proposed_ns) / NS_PER_S
        is_due = since_s > (LEAST_S if self._has_moved else AGAIN_S)
        if not is_due or "proposals" in self._busy:
            return
        self._has_moved, self._proposed_ns = False, now_ns
        session, room = self._session, self._session.hub.room
        found, apart = happenings_of(room, now_ns), apart_of(room)
        if all(one.kind == "incident" for one in found):
            session.set_incident_proposals(())
            return
        version, known = session.observations.catalogue_version, self._graph
        if version != self._catalogue:
            known = None

        def work(_progress: JobProgress) -> tuple[AssetGraph, tuple[IncidentProposal, ...]]:
            graph = known or graph_of(session.observations)
            return graph, proposals_among(found, apart, graph)

        def done(made: tuple[AssetGraph, tuple[IncidentProposal, ...]]) -> None:
            self._graph, self._catalogue = made[0], version
            session.set_incident_proposals(made[1])
            self._tell(made[1])

        self._run("proposals", work, done)

    def _tell(self, proposals: tuple[IncidentProposal, ...]) -> None:
        """Say once that something new is proposed; the panel shows the rest."""
        now = {member.id for one in proposals for member in one.members}
        fresh = [one for one in proposals if self._told.isdisjoint(m.id for m in one.members)]
        self._told = now
        if fresh and fresh[0].incident is None:
            self._session.message.emit(
                f"{len(fresh[0].members)} alarms may be one incident: see Proposals"
            )

    def _run(
        self,
        name: str,
        work: Callable[[JobProgress], object],
        done: Callable[..., object] | None = None,
    ) -> None:
        if name in self._busy:
            return
        self._busy.add(name)

        def finish(result: object) -> None:
            self._busy.discard(name)
            if done is not None:
                done(result)

        def fail(error: Exception) -> None:
            self._busy.discard(name)
            if name not in self._failed:
                self._failed.add(name)
                _log.error("Watching for %s failed: %s", name, error, exc_info=error)

        self._bridge.run_job(work, finish, fail)

    def _open_history(self, folder: Path) -> None:
        from twin.errors import TwinError
        from twin.history.asking import History

        try:
            self._session.anomalies.ask_past = History(folder).past
        except TwinError as error:
            sentence = str(error)
            self._bridge.after(0, lambda: self._session.message.emit(sentence))

    # --- what is watched is remembered for each city ------------------------------

    def _restore(self, further: tuple[str, ...]) -> None:
        anomalies = self._session.anomalies
        try:
            kept = json.loads(self._settings.watched(self._city) or "{}")
            thresholds = {str(key): float(value) for key, value in kept.get("above", {}).items()}
            watched = [str(one) for one in kept.get("watched", [])]
        except (ValueError, TypeError, AttributeError):
            thresholds, watched = {}, []
        anomalies.watch(*further, *watched)
        for datastream_id, threshold in thresholds.items():
            anomalies.set_threshold(datastream_id, threshold)
        self._kept = self._text()

    def _remember(self) -> None:
        text = self._text()
        if text != self._kept:
            self._kept = text
            self._settings.set_watched(self._city, text)

    def _text(self) -> str:
        anomalies = self._session.anomalies
        return json.dumps({"watched": anomalies.wanted, "above": dict(anomalies.thresholds)})
