"""How fast one person may ask, by the policy's ``[[rate]]`` rules and hub time.

What was asked before and comes again (an outbox after a break) costs nothing. Whoever is too fast
is refused for now, not for good: the outbox asks again by itself. Questions about permissions have
buckets of their own, bounded besides by this program: asking costs no request.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from twin.hub.hall import Hall
from twin.hub.who import Who
from twin.link.control import Act, Cancel, Note, Submit
from twin.security.actions import CANCEL, NOTE
from twin.security.rates import Buckets
from twin.security.rules import RateRule

ASK = "permission.ask"
ASKS_PER_S, ASKS_AT_ONCE = 5.0, 20


class Limits:
    """Buckets of all people. One thread; nothing of it survives a restart."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._buckets = Buckets()

    def why_not_yet(self, who: Who, message: Submit | Cancel | Note | Act) -> str:
        """Why a request has to wait, "" if it has not."""
        key = message.request.id if isinstance(message, Submit) else message.id
        if not self._hall.policy.rates or self._hall.is_recent(key):
            return ""
        action, level = self._what(message)
        rule = self._hall.policy.rate_for(self._hall.question(who, action, level=level))
        if rule is None:
            return ""
        if self._take((who.operator.identity, rule.id), rule.per_s, rule.burst):
            return ""
        return _by(rule)

    def why_not_ask_yet(self, who: Who, n: int = 1) -> str:
        """Why questions that count for `n` have to wait, "" if they have not."""
        identity = who.operator.identity
        if not all(self._take((identity, ASK, ""), ASKS_PER_S, ASKS_AT_ONCE) for _ in range(n)):
            return f"Too many questions at once: {ASKS_AT_ONCE}, then {ASKS_PER_S:g} a second"
        rule = self._hall.policy.rate_for(self._hall.question(who, ASK))
        if rule is None or self._take((identity, ASK, rule.id), rule.per_s, rule.burst):
            return ""
        return _by(rule)

    def _take(self, key: Hashable, per_s: float, burst: int) -> bool:
        return self._buckets.take(key, per_s=per_s, burst=burst, now_ns=self._hall.now_ns)

    def _what(self, message: Submit | Cancel | Note | Act) -> tuple[str, int]:
        match message:
            case Submit(request=request):
                return request.type_id, self._level(request.type_id)
            case Cancel():
                return CANCEL, 0
            case Note():
                return NOTE, 0
            case Act(kind=kind, body=body):
                return kind, max(map(self._level, _types_in(body)), default=0)

    def _level(self, type_id: str) -> int:
        command_type = self._hall.types.get(type_id)
        return command_type.significance if command_type else 0


def _by(rule: RateRule) -> str:
    return (
        f"Too many requests at once: the rule “{rule.id}” allows {rule.burst}, then"
        f" {rule.per_s:g} a second; it is asked again by itself"
    )


def _types_in(body: dict[str, object]) -> Iterator[str]:
    """Command types of a batch: it is as grave as the gravest of them."""
    requests = body.get("requests")
    for one in requests if isinstance(requests, list) else ():
        type_id = one.get("type_id") if isinstance(one, dict) else None
        if isinstance(type_id, str):
            yield type_id
