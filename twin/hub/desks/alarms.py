"""Raising and returning alarms (for sources), acknowledging and shelving them (for people)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from twin.clock import NS_PER_S
from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.parts.alarms import Alarm, Alarms, AlarmState, Priority

MAX_TEXT = 500
MAX_IDS = 5_000
MAX_ALARMS = 50_000
LONGEST_SHELF_S = 12 * 3_600.0


class Came(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of "alarm.raise": what `twin.room.parts.alarms.Alarm` says of its source."""

    id: str
    title: str
    priority: Priority
    thing_id: str = ""
    thing_name: str = ""
    xyz: tuple[float, float, float] | None = None
    datastream_id: str = ""
    value_text: str = ""
    response: str = ""
    department: str = ""
    root: str = ""
    is_latched: bool = False
    is_first_up: bool = False
    suppressed_by: str = ""
    rule: str = ""


class Raise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "alarm.raise"; an alarm that is active already stays as it is."""

    alarms: tuple[Came, ...]


class Ids(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of the acts that need no more than the alarms' ids."""

    ids: tuple[str, ...]


class Shelve(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "alarm.shelve"; it comes back by itself."""

    ids: tuple[str, ...]
    seconds: float
    reason: str


class Suppress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "alarm.suppress": by a design rule of the source."""

    ids: tuple[str, ...]
    rule: str


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "alarm.take_out" and "alarm.put_back"."""

    ids: tuple[str, ...]
    reason: str = ""


class AlarmDesk(Desk):
    """Keeps the alarms of the room."""

    def acts(self) -> Mapping[str, Taken]:
        """Alarm acts."""
        return {
            "alarm.raise": Taken(Raise, self._raise),
            "alarm.return": Taken(Ids, self._return),
            "alarm.acknowledge": Taken(Ids, self._acknowledge),
            "alarm.shelve": Taken(Shelve, self._shelve),
            "alarm.unshelve": Taken(Ids, self._unshelve),
            "alarm.suppress": Taken(Suppress, self._suppress),
            "alarm.unsuppress": Taken(Ids, self._unsuppress),
            "alarm.take_out": Taken(Service, self._take_out),
            "alarm.put_back": Taken(Service, self._put_back),
            "alarm.reset": Taken(Ids, self._reset),
        }

    def tick(self) -> None:
        """Shelves whose time is over give their alarms back."""
        now_ns = self.hall.now_ns
        over = [a.id for a in self._alarms.values() if 0 < a.shelved_until_ns <= now_ns]
        if over:
            self.hall.emit("alarm.unshelved", "hub", ids=over, reason="time is over")

    @property
    def _alarms(self) -> Mapping[str, Alarm]:
        return self.hall.room[Alarms].by_id.entries

    def _raise(self, who: Who, body: Raise) -> str:
        if not 0 < len(body.alarms) <= MAX_IDS:
            return f"Between 1 and {MAX_IDS} alarms are raised at once"
        if len(self._alarms) + len(body.alarms) > MAX_ALARMS:
            return f"There are {len(self._alarms):,} alarms already; mend what raises them"
        for one in body.alarms:
            texts = (one.title, one.thing_name, one.value_text, one.response)
            if not one.id or len(one.id) > MAX_TEXT or max(map(len, texts)) > MAX_TEXT:
                return f"An alarm has an id, and texts of at most {MAX_TEXT} letters"
        for one in body.alarms:
            old = self._alarms.get(one.id)
            if old is None or not old.is_active:
                alarm = Alarm(**msgspec.structs.asdict(one))
                self.hall.emit("alarm.raised", person(who.operator), alarm=alarm)
        return ""

    def _return(self, who: Who, body: Ids) -> str:
        ids = self._those(body.ids, lambda alarm: alarm.is_active)
        return self._tell("alarm.returned", who, ids, "None of them is active")

    def _acknowledge(self, who: Who, body: Ids) -> str:
        ids = self._those(body.ids, lambda alarm: not alarm.acked_ns)
        by = msgspec.to_builtins(who.operator)
        why_not = "They are acknowledged already, or over"
        return self._tell("alarm.acknowledged", who, ids, why_not, by=by)

    def _shelve(self, who: Who, body: Shelve) -> str:
        if not 0 < body.seconds <= LONGEST_SHELF_S:
            return f"An alarm is shelved for at most {LONGEST_SHELF_S / 3_600:g} hours"
        if not 0 < len(body.reason.strip()) <= MAX_TEXT:
            return "Shelving an alarm needs a reason"
        ids = self._those(body.ids, lambda _: True)
        return self._tell(
            "alarm.shelved", who, ids, "There are no such alarms", reason=body.reason,
            by=msgspec.to_builtins(who.operator),
            until_ns=self.hall.now_ns + round(body.seconds * NS_PER_S),
        )  # fmt: skip

    def _unshelve(self, who: Who, body: Ids) -> str:
        ids = self._those(body.ids, lambda alarm: alarm.state is AlarmState.SHELVED)
        return self._tell("alarm.unshelved", who, ids, "None of them is shelved")

    def _suppress(self, who: Who, body: Suppress) -> str:
        if not 0 < len(body.rule) <= MAX_TEXT:
            return "Name the design rule that suppresses them"
        ids = self._those(body.ids, lambda alarm: not alarm.suppressed_by)
        why_not = "There are no such alarms"
        return self._tell("alarm.suppressed", who, ids, why_not, rule=body.rule)

    def _unsuppress(self, who: Who, body: Ids) -> str:
        ids = self._those(body.ids, lambda alarm: bool(alarm.suppressed_by))
        return self._tell("alarm.unsuppressed", who, ids, "None of them is suppressed")

    def _take_out(self, who: Who, body: Service) -> str:
        if not 0 < len(body.reason.strip()) <= MAX_TEXT:
            return "Taking an alarm out of service needs a reason"
        ids = self._those(body.ids, lambda alarm: not alarm.is_out_of_service)
        why_not = "There are no such alarms in service"
        return self._tell("alarm.out_of_service", who, ids, why_not, reason=body.reason)

    def _put_back(self, who: Who, body: Service) -> str:
        ids = self._those(body.ids, lambda alarm: alarm.is_out_of_service)
        return self._tell("alarm.in_service", who, ids, "None of them is out of service")

    def _reset(self, who: Who, body: Ids) -> str:
        ids = self._those(body.ids, lambda alarm: alarm.is_latched and not alarm.is_active)
        return self._tell("alarm.reset", who, ids, "None of them is latched and returned")

    def _those(self, ids: tuple[str, ...], wanted: Callable[[Alarm], bool]) -> list[str]:
        alarms = (self._alarms.get(alarm_id) for alarm_id in ids[:MAX_IDS])
        return [alarm.id for alarm in alarms if alarm is not None and wanted(alarm)]

    def _tell(self, kind: str, who: Who, ids: list[str], why_not: str, **more: Any) -> str:
        if not ids:
            return why_not
        self.hall.emit(kind, person(who.operator), ids=ids, **more)
        return ""


DESK = DeskType(id="alarms", make=AlarmDesk)
