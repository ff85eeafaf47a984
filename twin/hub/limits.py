"""How fast one person may ask, by the policy's ``[[rate]]`` rules and hub time.

What was asked before and comes again (an outbox after a break) costs nothing. Whoever is too fast
is refused for now, not for good: the outbox asks again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin.hub.hall import Hall
from twin.hub.who import Who
from twin.link.control import Act, Cancel, Note, Submit
from twin.security.actions import CANCEL, NOTE
from twin.security.rates import Buckets


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
        is_soon = self._buckets.take(
            (who.operator.identity, rule.id),
            per_s=rule.per_s,
            burst=rule.burst,
            now_ns=self._hall.now_ns,
        )
        if is_soon:
            return ""
        return (
            f"Too many requests at once: the rule “{rule.id}” allows {rule.burst}, then"
            f" {rule.per_s:g} a second; it is asked again by itself"
        )

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


def _types_in(body: dict[str, object]) -> Iterator[str]:
    """Command types of a batch: it is as grave as the gravest of them."""
    requests = body.get("requests")
    for one in requests if isinstance(requests, list) else ():
        type_id = one.get("type_id") if isinstance(one, dict) else None
        if isinstance(type_id, str):
            yield type_id
