"""Rules over columns: dwell, hysteresis, areas, what is not known; no sockets."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from tests.twin.rule_samples import rule
from twin.clock import NS_PER_S
from twin.perception.rules_alarms import acts_of, compare
from twin.perception.rules_model import Area, EventRule, RuleError, compiled
from twin.perception.rules_running import RuleBook
from twin.perception.rules_selection import Directory
from twin.room.parts.alarms import Alarm, Priority
from twin.sense.model import Datastream, Thing

START_NS = 1_790_000_000 * NS_PER_S


class City:
    """Gauges in a row, their rules, and a clock that is moved by hand."""

    def __init__(
        self, *rules: EventRule, n: int = 4, open_at: frozenset[str] = frozenset()
    ) -> None:
        self.n, self.now_ns = n, START_NS
        things = {
            f"gauge-{i}": Thing(
                id=f"gauge-{i}", name=f"Gauge {i}", kind="river_gauge", xyz=(100.0 * i, 0.0, 5.0)
            )
            for i in range(n)
        }
        streams = [
            Datastream(
                index=i, id=f"gauge-{i % n}/{what}", thing_id=f"gauge-{i % n}", unit=unit,
                observed_property=what, interval_s=1.0, max=4.0,
            )
            for what, unit, first in (("water_level", "m", 0), ("pump_running", "", n))
            for i in range(first, first + n)
        ]  # fmt: skip
        self.book = RuleBook()
        self.book.set_rules([compiled(one) for one in rules], open_at)
        self.directory = Directory.of(streams, things)
        self.book.set_directory(self.directory, open_at)
        self.t_ns = np.zeros(2 * n, np.int64)
        self.values = np.zeros(2 * n)
        self.quality = np.zeros(2 * n, np.uint8)

    def pass_(self, seconds: int, *values: float | None, pump: float | None = None) -> None:
        """Let seconds pass; each the gauges say these values (None = nothing)."""
        for _ in range(seconds):
            self.now_ns += NS_PER_S
            for i, value in enumerate((*values, *([None] * (self.n - len(values))), pump)):
                if value is not None:
                    self.t_ns[i], self.values[i] = self.now_ns, value
            self.book.step(self.now_ns, self.t_ns, self.values, self.quality)

    def opened(self, rule: str = "high") -> list[int]:
        return np.flatnonzero(self.book.running[rule].is_open).tolist()

    def wanted(self, alarms: dict[str, Alarm] | None = None) -> Any:
        return compare(
            self.book.running, self.book.inputs, alarms or {}, now_ns=self.now_ns
        )  # fmt: skip


def test_it_opens_after_the_dwell_and_not_before() -> None:
    city = City(rule(open_for_s=5.0))
    city.pass_(5, 1.0, 3.0)
    assert city.opened() == []
    city.pass_(1, 1.0, 3.0)
    assert city.opened() == [1]


def test_a_break_begins_the_dwell_anew() -> None:
    city = City(rule(open_for_s=5.0))
    city.pass_(4, 3.0)
    city.pass_(1, 1.0)
    city.pass_(5, 3.0)
    assert city.opened() == []


def test_between_open_and_close_it_stays_as_it_is() -> None:
    city = City(rule(close="value < 1.5", close_for_s=3.0))
    city.pass_(1, 3.0, 1.7)
    city.pass_(20, 1.7, 1.7)
    assert city.opened() == [0]
    city.pass_(3, 1.4)
    assert city.opened() == [0]
    city.pass_(1, 1.4)
    assert city.opened() == []


def test_silence_neither_opens_nor_closes() -> None:
    city = City(rule(open="!(value > 2)", close="value > 2", max_age_s=10.0))
    city.pass_(1, 1.0, 3.0)
    city.pass_(100)
    assert city.opened() == [0]


def test_age_is_known_from_the_first_sample_on() -> None:
    city = City(rule(open="age_s > 30"))
    city.pass_(1, 1.0)
    city.pass_(30)
    assert city.opened() == []
    city.pass_(1)
    assert city.opened() == [0], "and gauges that never said anything are not silent"


def test_samples_that_are_not_good_do_not_count() -> None:
    city = City(rule())
    city.quality[0] = 1
    city.pass_(3, 9.0, 9.0)
    assert city.opened() == [1]


def test_thresholds_by_datastream_thing_and_default() -> None:
    table = {"gauge-0/water_level": 5.0, "gauge-1": 4.0, "default": 2.0}
    city = City(rule(open="value > limit", thresholds={"limit": table}))
    city.pass_(1, 4.5, 4.5, 2.5, 1.5)
    assert city.opened() == [1, 2]


def test_without_a_threshold_a_datastream_is_left_alone() -> None:
    city = City(rule(open="value > limit", thresholds={"limit": {"gauge-2": 2.0}}))
    city.pass_(1, 9.0, 9.0, 9.0, 9.0)
    assert city.opened() == [2]


def test_rate_is_known_after_a_minute() -> None:
    city = City(rule(open="rate_per_min > 0.5"))
    for second in range(60):
        city.pass_(1, second / 60.0)
    assert city.opened() == []
    for second in range(60, 70):
        city.pass_(1, second / 60.0)
    assert city.opened() == [0]
    rates, known = city.book.inputs.column("rate_per_min", np.array([0]))
    assert rates[0] == pytest.approx(1.0, rel=1e-6)
    assert known[0]


def test_mean_is_over_the_window_in_twelve_steps() -> None:
    city = City(rule(open="mean_1m > 100"))
    city.pass_(200, 1.0)
    city.pass_(30, 2.0)
    means, _ = city.book.inputs.column("mean_1m", np.array([0]))
    assert 1.4 < means[0] < 1.6


def test_an_area_needs_so_many() -> None:
    square = Area(points=((-50.0, -50.0), (250.0, -50.0), (250.0, 50.0), (-50.0, 50.0)))
    city = City(
        rule(per="area", needs=2, areas=("west",), places={"west": square}, close="value < 1")
    )
    city.pass_(3, 3.0, 0.0, 0.0, 3.0)
    assert city.opened() == [], "the fourth gauge stands outside"
    city.pass_(1, 1.5, 3.0, 0.0, 3.0)
    assert city.opened() == [0], "the first is between open and close and still up"
    body = city.wanted().came[0]
    assert (body["id"], body["value_text"], body["xyz"]) == ("rule:high:west", "2 of 3", [50, 0, 5])
    city.pass_(1, 0.5, 3.0)
    assert city.opened() == []


def test_an_open_area_waits_for_its_datastreams_after_a_restart() -> None:
    made = rule(per="area", needs="any", close="value < 1")
    city = City(made, open_at=frozenset({"rule:high:Whole city"}))
    city.pass_(5, 0.5, 0.5, 0.5)
    assert city.opened() == [0], "the fourth may be up"
    city.pass_(1, 0.5, 0.5, 0.5, 0.5)
    assert city.opened() == []


def test_other_datastreams_of_the_thing_and_suppression() -> None:
    city = City(rule(suppress_when="pump > 0", inputs={"pump": "{thing}/pump_running"}), n=1)
    city.pass_(1, 3.0, pump=0.0)
    assert city.wanted().came[0]["suppressed_by"] == ""
    room = {"rule:high:gauge-0/water_level": Alarm(
        id="rule:high:gauge-0/water_level", title="", priority=Priority.LOW,
        datastream_id="gauge-0/water_level", rule="high",
    )}  # fmt: skip
    assert city.wanted(room).suppressed == {}
    city.pass_(1, 3.0, pump=1.0)
    assert city.wanted(room).suppressed == {"high": list(room)}
    quiet = {n: msgspec.structs.replace(a, suppressed_by="high") for n, a in room.items()}
    assert city.wanted(quiet).suppressed == {}
    city.pass_(1, 3.0, pump=0.0)
    assert city.wanted(quiet).unsuppressed == list(room)


def test_links_name_another_thing() -> None:
    city = City(
        rule(
            open="value > 2 && pump > 0", inputs={"pump": "{neighbour}/pump_running"},
            links={"neighbour": {"gauge-1": "gauge-0", "gauge-2": "gauge-9"}},
        ), n=4,
    )  # fmt: skip
    city.pass_(2, 3.0, 3.0, 3.0, 3.0, pump=1.0)
    assert city.opened() == [1], "without a link, or without the other thing, it is not known"


def test_the_root_is_the_nearest_open_alarm_of_the_other_rule() -> None:
    city = City(rule(id="river", open="value > 4"), rule(root="river"))
    city.pass_(2, 9.0, 0.0, 3.0, 9.0)
    roots = {one["id"]: one.get("root") for one in city.wanted().came}
    assert roots["rule:high:gauge-2/water_level"] == "rule:river:gauge-3/water_level"
    assert roots["rule:high:gauge-0/water_level"] == "rule:river:gauge-0/water_level"


def test_what_is_in_the_room_is_not_raised_again_and_what_is_over_returns() -> None:
    city = City(rule())
    city.pass_(2, 3.0, 3.0, 0.0)
    ids = [f"rule:high:gauge-{i}/water_level" for i in range(3)]
    alarms = [
        Alarm(id=one, title="", priority=Priority.LOW, datastream_id=one[10:])
        for one in (ids[0], ids[2], "rule:gone:gauge-1/water_level", "rule:high:new/water_level")
    ]
    wanted = city.wanted({one.id: one for one in alarms})
    assert [one["id"] for one in wanted.came] == [ids[1]]
    assert wanted.returned == [ids[2], "rule:gone:gauge-1/water_level"]


def test_new_datastreams_leave_the_dwell_of_the_old_ones_running() -> None:
    city = City(rule(open_for_s=5.0))
    city.pass_(3, 3.0)
    city.book.set_directory(city.directory)
    city.pass_(3, 3.0)
    assert city.opened() == [0]


def test_many_alarms_go_in_several_acts() -> None:
    city = City(rule(), n=25)
    city.pass_(1, *([3.0] * 25))
    acts = list(acts_of(city.wanted(), 10))
    assert [len(ids) for _, _, ids in acts] == [10, 10, 5]
    assert {kind for kind, _, _ in acts} == {"alarm.raise"}


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"id": "a b"}, "id", "letters, digits"),
        ({"open": "valu > 2"}, "open", "nothing is called “valu”"),
        ({"close": "value"}, "close", "no yes or no"),
        ({"properties": ()}, "", "what it is about"),
        ({"open_for_s": -1.0}, "open_for_s", "between 0 and a week"),
        ({"needs": 2}, "needs", 'per = "area"'),
        ({"areas": ("x",)}, "areas", "no [areas.x]"),
        ({"thresholds": {"limit": {"default": 1.0}}}, "thresholds", "not used"),
        ({"inputs": {"value": "a/b"}}, "inputs", "nothing can be called"),
        ({"open": "p > 1", "inputs": {"p": "{pump}/x"}}, "inputs", "no [links.pump]"),
        (
            {"open": "value > a", "thresholds": {"a": {"default": float("nan")}}},
            "thresholds",
            "finite",
        ),
        ({"root": "high"}, "root", "its own root"),
    ],
)
def test_a_rule_that_is_not_sound_is_refused_in_a_sentence(
    more: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(RuleError, match=words.replace("[", r"\[").replace("(", r"\(")) as caught:
        compiled(rule(**more))
    assert caught.value.field == field
