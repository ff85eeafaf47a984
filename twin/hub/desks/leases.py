"""Taking assets, letting go of them, asking for them, and taking them over by rank."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.clock import NS_PER_S
from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import Hall, person
from twin.hub.who import Who
from twin.room.model import Operator
from twin.room.parts.leases import Lease, Leases
from twin.security.policy import Decision

MAX_NAME = 200
DEFAULT_TTL_S = 30.0


class Asset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "lease.take", "lease.release" and "lease.ask"."""

    asset_id: str
    asset_name: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "lease.consent": the holder hands over to whoever asked."""

    asset_id: str
    to_console: str


class Seizure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "lease.seize": by rank, with a reason."""

    asset_id: str
    reason: str


class LeaseDesk(Desk):
    """Keeps leases; one that lost its holder's console is free after its time to live."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall)
        self._gone_ns: dict[str, int] = {}

    def acts(self) -> Mapping[str, Taken]:
        """Lease acts."""
        return {
            "lease.take": Taken(Asset, self._take),
            "lease.release": Taken(Asset, self._release),
            "lease.ask": Taken(Asset, self._ask),
            "lease.consent": Taken(Consent, self._consent),
            "lease.seize": Taken(Seizure, self._seize),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """The same by id of the asset, but for handing over."""
        return {
            "lease.take": self._may_take,
            "lease.release": self._may_release,
            "lease.ask": self._may_ask,
            "lease.seize": self._may_seize,
        }

    def tick(self) -> None:
        """Free what nobody is there to hold any more."""
        present = self.hall.sessions.operators()
        for lease in self._leases.held:
            assert lease.holder is not None  # noqa: S101 - that is what held means
            if lease.holder.console_id in present:
                self._gone_ns.pop(lease.asset_id, None)
                continue
            since_ns = self._gone_ns.setdefault(lease.asset_id, self.hall.now_ns)
            if self.hall.now_ns - since_ns >= lease.ttl_s * NS_PER_S:
                del self._gone_ns[lease.asset_id]
                reason = f"{person(lease.holder)} has been gone for {lease.ttl_s:g} s"
                self.hall.emit("lease.released", "hub", asset_id=lease.asset_id, reason=reason)

    @property
    def _leases(self) -> Leases:
        return self.hall.room[Leases]

    def _held(self, asset_id: str) -> Lease | None:
        lease = self._leases.by_asset.get(asset_id)
        return lease if lease is not None and lease.holder is not None else None

    def _take(self, who: Who, body: Asset) -> str:
        why_not = _unfit(body) or self._may_take(who, body.asset_id).why_not
        if not why_not:
            self._give(who.operator, body.asset_id, body.asset_name or body.asset_id, "taken")
        return why_not

    def _release(self, who: Who, body: Asset) -> str:
        why_not = self._may_release(who, body.asset_id).why_not
        if not why_not:
            self.hall.emit(
                "lease.released", person(who.operator), asset_id=body.asset_id, reason="let go"
            )
        return why_not

    def _ask(self, who: Who, body: Asset) -> str:
        why_not = _unfit(body) or self._may_ask(who, body.asset_id).why_not
        if not why_not:
            operator = msgspec.to_builtins(who.operator)
            self.hall.emit("lease.asked", person(who.operator), asset_id=body.asset_id, by=operator)
        return why_not

    def _consent(self, who: Who, body: Consent) -> str:
        lease = self._held(body.asset_id)
        if lease is None or lease.holder is None:
            return "Nobody holds it"
        if lease.holder.identity != who.operator.identity:
            return f"{person(lease.holder)} holds it; only they can hand it over"
        to = lease.wanted_by
        if to is None or to.console_id != body.to_console:
            return "They have not asked for it"
        self._give(to, lease.asset_id, lease.asset_name, "consent", by=who.operator)
        return ""

    def _seize(self, who: Who, body: Seizure) -> str:
        lease = self._held(body.asset_id)
        decision = self._may_seize(who, body.asset_id)
        if not decision.allowed or lease is None or lease.holder is None:
            return decision.text
        if not body.reason.strip():
            return "Taking an asset over needs a reason"
        how = f"rank, from {person(lease.holder)}: {body.reason}"
        self._give(who.operator, lease.asset_id, lease.asset_name, how)
        return ""

    # --- who may -------------------------------------------------------------------------------

    def _may_take(self, who: Who, asset_id: str) -> Decision:
        decision = self.hall.decide(who, "lease.take", asset_id)
        lease = self._held(asset_id)
        if not decision.allowed or lease is None or lease.holder is None:
            return decision
        if lease.holder.identity == who.operator.identity:
            return Decision.no("You hold it already")
        return Decision.no(f"{lease.asset_name} is held by {person(lease.holder)}; ask for it")

    def _may_release(self, who: Who, asset_id: str) -> Decision:
        lease = self._held(asset_id)
        if lease is None or lease.holder is None:
            return Decision.no("Nobody holds it")
        if lease.holder.identity != who.operator.identity:
            return Decision.no(f"{person(lease.holder)} holds it; only they can let it go")
        return Decision(allowed=True, text="You hold it")

    def _may_ask(self, who: Who, asset_id: str) -> Decision:
        decision = self.hall.decide(who, "lease.take", asset_id)
        lease = self._held(asset_id)
        if not decision.allowed:
            return decision
        if lease is None or lease.holder is None:
            return Decision.no("Nobody holds it: take it")
        if lease.holder.identity == who.operator.identity:
            return Decision.no("You hold it already")
        return decision

    def _may_seize(self, who: Who, asset_id: str) -> Decision:
        decision = self._may_ask(who, asset_id)
        lease = self._held(asset_id)
        if not decision.allowed or lease is None or lease.holder is None:
            return decision
        if who.operator.rank <= lease.holder.rank:
            return Decision.no(
                f"{person(lease.holder)} has rank {lease.holder.rank}, you have"
                f" {who.operator.rank}: ask for it instead"
            )
        return decision

    def _give(
        self, to: Operator, asset_id: str, asset_name: str, how: str, by: Operator | None = None
    ) -> None:
        target = self.hall.targets.get(asset_id)
        rule = self.hall.policy.lease_required(target.kind) if target else None
        self._gone_ns.pop(asset_id, None)
        self.hall.emit(
            "lease.taken", person(by or to), asset_id=asset_id, asset_name=asset_name,
            holder=msgspec.to_builtins(to), token=self._leases.token(asset_id) + 1,
            ttl_s=rule.ttl_s if rule else DEFAULT_TTL_S, how=how,
        )  # fmt: skip


def _unfit(body: Asset) -> str:
    if 0 < len(body.asset_id) <= MAX_NAME and len(body.asset_name) <= MAX_NAME:
        return ""
    return f"An asset has an id of 1 to {MAX_NAME} letters"


DESK = DeskType(id="leases", make=LeaseDesk)
