"""Alarms for tests and benchmarks: a flood from one cause, and any alarms at all."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from twin.clock import NS_PER_S
from twin.room.parts.alarms import PRIORITIES, Alarm, Priority

T0 = 1_760_000_000_000_000_000


def an_alarm(alarm_id: str, t_s: float = 0.0, **more: Any) -> Alarm:
    """An active alarm that came so many seconds after `T0`."""
    t_ns = T0 + round(t_s * NS_PER_S)
    given: dict[str, Any] = {"title": "Level is high", "priority": Priority.HIGH, **more}
    given.setdefault("came_ns", (t_ns,))
    return Alarm(id=alarm_id, raised_ns=t_ns, **given)


def a_flood(
    n: int = 2_000, *, seconds: float = 60.0, seed: int = 1, rooted: bool = False
) -> list[Alarm]:
    """What follows when a substation loses power: sensors fall silent, pumps stop, lights go out.

    Three alarms are critical. Without `rooted` no source knows that they have one cause.
    """
    chance = random.Random(seed)
    rules = ("silent", "power lost", "pump stopped", "light out", "level high", "link down")
    made = [
        an_alarm(
            "power:substation-3", 0.0, title="Substation has lost power", rule="power",
            priority=Priority.CRITICAL, thing_id="substation-3", thing_name="Substation 3",
            xyz=(0.0, 0.0, 0.0), is_first_up=True,
        )
    ]  # fmt: skip
    for i in range(1, n):
        rule = chance.choice(rules)
        priority = Priority.CRITICAL if i in (700, 1_400) else chance.choice(PRIORITIES[1:])
        made.append(
            an_alarm(
                f"{rule}:{i}", chance.uniform(0.0, seconds), title=rule.capitalize(), rule=rule,
                priority=priority, thing_id=f"thing-{i}", thing_name=f"Thing {i}",
                xyz=(chance.gauss(0.0, 1_500.0), chance.gauss(0.0, 1_500.0), 0.0),
                root="power:substation-3" if rooted else "",
            )
        )  # fmt: skip
    return made


_NUMBER = st.floats(-2_000, 2_000, allow_nan=False)
_ID = st.integers(0, 40).map(lambda n: f"a{n}")


@st.composite
def any_alarm(draw: st.DrawFn) -> Alarm:
    """Any alarm; ids come again, roots may be unknown or a ring."""
    alarm_id = draw(_ID)
    return an_alarm(
        alarm_id,
        draw(st.integers(0, 4_000)),
        priority=draw(st.sampled_from(PRIORITIES)),
        rule=draw(st.sampled_from(("", "silent", "high"))),
        thing_id=draw(st.sampled_from(("", "pump-1", "pump-2"))),
        xyz=draw(st.none() | st.tuples(_NUMBER, _NUMBER, _NUMBER)),
        root=draw(st.just("") | _ID | st.just("unknown")),
        acked_ns=draw(st.sampled_from((0, T0))),
    )


any_alarms = st.lists(any_alarm(), max_size=40, unique_by=lambda alarm: alarm.id)
