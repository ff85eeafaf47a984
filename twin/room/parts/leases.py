"""Leases: who alone may command an asset, with the fencing token that its actuator checks.

A lease lives as long as its holder's console is connected, and ``ttl_s`` longer; the hub says when
it is over. The token of an asset only ever grows: an actuator refuses a command with a token lower
than the highest it has seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.errors import EventError
from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class Lease(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One asset's lease, held or free.

    Attributes
    ----------
    token : of the present or last holder; the next one gets a higher one
    holder : None = the asset is free
    since_ns : hub time at which it was taken
    ttl_s : how long it outlives the holder's connection
    wanted_by : who asked the holder for it
    """

    asset_id: str
    asset_name: str
    token: int
    holder: Operator | None = None
    since_ns: int = 0
    ttl_s: float = 30.0
    wanted_by: Operator | None = None


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "lease.taken"."""

    asset_id: str
    asset_name: str
    holder: Operator
    token: int
    ttl_s: float


class _Released(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "lease.released"."""

    asset_id: str


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "lease.asked"."""

    asset_id: str
    by: Operator


class Leases(Part):
    """Leases by asset."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_asset = self.table("lease", Lease, lambda entry: entry.asset_id)

    @property
    def held(self) -> tuple[Lease, ...]:
        """Leases that somebody holds."""
        return tuple(lease for lease in self.by_asset.values() if lease.holder is not None)

    def holder(self, asset_id: str) -> Operator | None:
        """Who holds an asset, None if it is free."""
        lease = self.by_asset.get(asset_id)
        return lease.holder if lease else None

    def token(self, asset_id: str) -> int:
        """Newest token of an asset, 0 if it was never leased."""
        lease = self.by_asset.get(asset_id)
        return lease.token if lease else 0

    def handlers(self) -> Mapping[str, Handler]:
        """Taking, asking, letting go."""
        return {
            "lease.taken": self._taken,
            "lease.released": self._released,
            "lease.asked": self._asked,
        }

    def _taken(self, event: Event) -> None:
        body = read_body(event, _Taken)
        if body.token <= self.token(body.asset_id):
            raise EventError(f"The lease of {body.asset_id} has a token that was given before")
        self.by_asset.put(
            Lease(
                asset_id=body.asset_id,
                asset_name=body.asset_name,
                token=body.token,
                holder=body.holder,
                since_ns=event.t_ns,
                ttl_s=body.ttl_s,
            )
        )

    def _released(self, event: Event) -> None:
        lease = self._require(read_body(event, _Released).asset_id)
        self.by_asset.put(
            Lease(asset_id=lease.asset_id, asset_name=lease.asset_name, token=lease.token)
        )

    def _asked(self, event: Event) -> None:
        body = read_body(event, _Asked)
        lease = self._require(body.asset_id)
        self.by_asset.put(msgspec.structs.replace(lease, wanted_by=body.by))

    def _require(self, asset_id: str) -> Lease:
        lease = self.by_asset.get(asset_id)
        if lease is None or lease.holder is None:
            raise EventError(f"Nobody holds {asset_id}")
        return lease


PART = PartType(id="leases", make=Leases)
