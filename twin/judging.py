"""What a console says of detected episodes and proposed incidents. GUI thread.

Each function sends one act and gives its id; a refusal comes back under that id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from twin.ids import uuid7
from twin.operations.asset_graph import AssetGraph
from twin.operations.correlation import IncidentProposal
from twin.operations.proposing import departments_of, kind_of, severity_of
from twin.perception.episode_log import Episode
from twin.room.parts.proposals import PairKind
from twin.sense.store import ObservationStore
from twin.session import TwinSession

LEAST_RADIUS_M = 100.0
Xyz = tuple[float, float, float]


def give_verdict(session: TwinSession, episode: Episode, *, is_anomaly: bool) -> str:
    """Say that an episode is an anomaly, or that it is none."""
    store = session.observations
    slot = store.slot_of(episode.datastream_id)
    thing_id = store.datastreams[slot].thing_id if slot >= 0 else ""
    thing = store.things.get(thing_id)
    unit = store.datastreams[slot].unit if slot >= 0 else ""
    body = {
        "id": episode.id,
        "datastream_id": episode.datastream_id,
        "is_anomaly": is_anomaly,
        "start_ns": episode.start_ns,
        "end_ns": episode.end_ns,
        "thing_id": thing_id,
        "thing_name": thing.name if thing is not None else "",
        "xyz": place_of_thing(store, thing_id),
        "strength": round(episode.strength, 4),
        "threshold": round(episode.threshold, 4),
        "reason": episode.text(unit),
    }
    return session.hub.act("verdict.give", body)


def accept(
    session: TwinSession, proposal: IncidentProposal, members: Sequence[str], title: str
) -> str:
    """Make the members one incident, or add them to the open one that they are close to."""
    if proposal.incident is not None:
        body: dict[str, object] = {
            "members": list(members),
            "incident": proposal.incident.id.removeprefix("incident:"),
        }
        return session.hub.act("proposal.accept", body)
    body = {
        "members": list(members),
        "incident": uuid7(session.clock),
        "title": title,
        "kind": kind_of(proposal),
        "severity": severity_of(proposal).value,
        "xyz": proposal.xyz,
        "radius_m": max(proposal.span_m, LEAST_RADIUS_M) if proposal.xyz is not None else 0.0,
        "departments": list(departments_of(proposal)),
    }
    return session.hub.act("proposal.accept", body)


def split(session: TwinSession, proposal: IncidentProposal, together: Sequence[str]) -> str:
    """Say that the members belong apart, but for those that stay together."""
    groups = [list(together)] if len(together) > 1 else []
    body = {"members": [one.id for one in proposal.members], "groups": groups}
    return session.hub.act("proposal.split", body)


def never_pair(session: TwinSession, kind: PairKind, a: tuple[str, str], b: tuple[str, str]) -> str:
    """Never propose these two rules or assets as one again; each as id and name."""
    body = {"kind": kind, "a": a[0], "a_name": a[1], "b": b[0], "b_name": b[1]}
    return session.hub.act("proposal.never", body)


def allow_pair(session: TwinSession, pair_id: str) -> str:
    """Let a pair be proposed again."""
    return session.hub.act("proposal.allow", {"id": pair_id})


def place_of_thing(store: ObservationStore, thing_id: str) -> Xyz | None:
    """Where a thing stands, local metres; None where it cannot be placed."""
    x, y, z = store.xyz_of_thing(thing_id).tolist()
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    return (x, y, z if math.isfinite(z) else 0.0)


class _Places(Mapping[str, Xyz]):
    """Places of a store's things, looked up one by one: a city has a million."""

    def __init__(self, store: ObservationStore) -> None:
        self._store = store

    def __getitem__(self, thing_id: str) -> Xyz:
        place = place_of_thing(self._store, thing_id)
        if place is None:
            raise KeyError(thing_id)
        return place

    def __contains__(self, thing_id: object) -> bool:
        return isinstance(thing_id, str) and place_of_thing(self._store, thing_id) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._store.things)

    def __len__(self) -> int:
        return len(self._store.things)


def graph_of(store: ObservationStore) -> AssetGraph:
    """How the announced things hang together. Any thread; takes some 20 ms in a large city."""
    return AssetGraph(store.things, _Places(store))
