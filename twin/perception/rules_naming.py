"""How alarms of event rules are called: one rule at one place is always the same alarm."""

from __future__ import annotations

ALARM_PREFIX = "rule:"


def alarm_id(rule_id: str, place: str) -> str:
    """Id of the alarm of a rule at a datastream or area."""
    return f"{ALARM_PREFIX}{rule_id}:{place}"


def rule_of_alarm(alarm: str) -> str:
    """Id of the rule that an alarm comes from, "" = from none."""
    if not alarm.startswith(ALARM_PREFIX):
        return ""
    return alarm[len(ALARM_PREFIX) :].partition(":")[0]
