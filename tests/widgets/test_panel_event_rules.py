"""The panel of event rules over the real core: list, form, dry run on a real history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint

from tests.twin.rule_samples import write_history
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.room.parts.event_rules import EventRules, RuleEntry


def put(hub_world: Any, rule_id: str = "high", **more: Any) -> None:
    given = {
        "id": rule_id, "title": "Water high", "open": "value > 1.4", "close": "value < 1.2",
        "properties": ["water_level"], "priority": "high", "response": "Start the pump",
    }  # fmt: skip
    hub_world.session.hub.act("rule.put", {"rule": given | more})
    hub_world.sync()


def entry(hub_world: Any, rule_id: str = "high") -> RuleEntry | None:
    return hub_world.bench.core.room[EventRules].by_id.get(rule_id)


def titles(panel: Any) -> list[tuple[str, str]]:
    panel.refresh()
    return [(row.title, row.note) for row in panel.list.rows.rows]


def test_an_empty_panel_says_what_would_fill_it(hub_world: Any, open_panel: Any) -> None:
    panel = open_panel("event_rules")
    assert "civitwin watch FILE" in panel._empty.sentence()
    assert not panel.change.isEnabled()


def test_open_rules_come_first_and_alone_are_coloured(hub_world: Any, open_panel: Any) -> None:
    put(hub_world, "a", title="Alpha")
    put(hub_world, "z", title="Zeta")
    put(hub_world, "o", title="Omega")
    hub_world.session.hub.act("rule.enable", {"id": "a", "is_on": False})
    one = {"id": "rule:z:pump-0/water_level", "title": "Zeta", "priority": "high",
           "thing_name": "Pump 1"}  # fmt: skip
    hub_world.session.hub.act("alarm.raise", {"alarms": [one]})
    hub_world.sync()
    panel = open_panel("event_rules")
    assert titles(panel) == [("Zeta", "1 open"), ("Omega", ""), ("Alpha", "Off")]
    colours = [bool(row.colour) for row in panel.list.rows.rows]
    assert colours == [True, False, False]
    assert "No watcher is connected" in panel.status.text()
    panel.list.choose("z")
    facts = dict(panel.facts.facts._facts)
    assert facts["Opens when"] == "value > 1.4"
    assert facts["Came"].startswith("1 time, last at")
    assert facts["Came"].endswith("Pump 1")


def test_a_watcher_that_is_there_is_seen(hub_world: Any, open_panel: Any) -> None:
    loaded = {"file": "", "fingerprint": "", "rules": []}
    hub_world.act("ben", "rule.load", loaded)
    put(hub_world)
    panel = open_panel("event_rules")
    assert panel.status.text() == "1 rule on, 0 alarms open"


def test_a_rule_is_written_looked_at_and_put_in_force(
    hub_world: Any, open_panel: Any, qtbot: Any
) -> None:
    panel = open_panel("event_rules")
    panel.new.click()
    form = panel.form
    assert not form.keep.isEnabled()
    form.title.setText("Pump basin high")
    form.properties.setEditText("water_level")
    form.open.setPlainText("valu > 0")
    assert (
        form.problem.text()
        == "Opens when, letter 1: nothing is called “valu”; did you mean “value”"
    )
    assert not form.keep.isEnabled()
    form.open.setPlainText("value > basin || value > -100")
    assert "nothing is called “basin”" in form.problem.text()
    form.thresholds.setPlainText("basin = 9\nbasin[pump-0] = 8")
    form.open_for.setValue(20)
    form.priority.setCurrentIndex(1)
    form.department.setCurrentIndex(form.department.findData("water"))
    assert form.problem.isHidden()
    qtbot.waitUntil(lambda: "its condition holds at" in form.reach.text(), timeout=10_000)
    assert form.reach.text().startswith("About ")
    form.keep.click()
    hub_world.sync()
    made = entry(hub_world, "pump-basin-high")
    assert made is not None
    assert made.rule.thresholds == {"basin": {"default": 9.0, "pump-0": 8.0}}
    assert (made.rule.open_for_s, made.rule.priority, made.rule.department) == (20, "high", "water")
    assert panel.form.isHidden()
    assert titles(panel) == [("Pump basin high", "")]


def test_a_rule_comes_back_into_the_form_as_it_is(hub_world: Any, open_panel: Any) -> None:
    put(
        hub_world, per="area", needs=3, suppress_when="pump > 0", latched=True, max_age_s=90.0,
        inputs={"pump": "{thing}/pump_running"}, things=["pump-*"], kinds=["pump_station"],
    )  # fmt: skip
    before = entry(hub_world)
    panel = open_panel("event_rules")
    panel.list.choose("high")
    panel.change.click()
    assert before is not None
    assert panel.form.rule() == before.rule
    panel.form.close_for.setValue(33)
    panel.form.keep.click()
    hub_world.sync()
    after = entry(hub_world)
    assert after is not None
    assert (after.rule.close_for_s, after.rev) == (33.0, 2)


def test_whoever_was_first_wins_and_the_other_is_told(hub_world: Any, open_panel: Any) -> None:
    put(hub_world)
    panel = open_panel("event_rules")
    panel.list.choose("high")
    panel.change.click()
    changed = {"id": "high", "title": "Other", "open": "value > 3", "kinds": ["x"]}
    hub_world.act("cleo", "rule.put", {"rule": changed, "expected_rev": 1})
    panel.form.title.setText("Mine")
    panel.form.keep.click()
    hub_world.sync()
    told = panel.problem.text()
    assert told.startswith("The hub refused: ")
    assert "was changed first, by Cleo" in told
    assert panel.problem.isVisible()
    assert panel.problem.mapTo(panel, QPoint()).y() < panel.list.mapTo(panel, QPoint()).y()
    panel.list.choose("high")
    panel.switch.click()
    assert not panel.problem.isVisible(), "it was about what was asked before"


def test_a_refusal_is_seen_where_no_rule_is_chosen(hub_world: Any, open_panel: Any) -> None:
    put(hub_world)
    panel = open_panel("event_rules")
    panel.list.choose("high")
    hub_world.act("cleo", "rule.remove", {"id": "high"})
    panel.switch.click()
    hub_world.sync()
    assert titles(panel) == []
    assert panel.problem.isVisible()
    assert panel.problem.text().startswith("The hub refused: ")


def test_it_is_switched_and_removed(hub_world: Any, open_panel: Any) -> None:
    put(hub_world)
    panel = open_panel("event_rules")
    panel.list.choose("high")
    panel.switch.click()
    hub_world.sync()
    assert titles(panel) == [("Water high", "Off")]
    assert panel.switch.text() == "Switch on"
    panel.remove.click()
    hub_world.sync()
    assert entry(hub_world) is None


def test_a_rule_of_a_file_is_not_removed(hub_world: Any, open_panel: Any) -> None:
    rule = {"id": "f", "title": "From a file", "open": "value > 1", "kinds": ["x"]}
    loaded = {"file": "city.toml", "fingerprint": "1", "rules": [rule]}
    hub_world.session.hub.act("rule.load", loaded)
    hub_world.sync()
    panel = open_panel("event_rules")
    panel.list.choose("f")
    hub_world.answer_permissions()
    assert not panel.remove.isEnabled()
    assert panel.against.text() == panel.remove.toolTip()
    assert "switch it off instead" in panel.remove.toolTip()


def test_the_selection_becomes_the_target(hub_world: Any, open_panel: Any) -> None:
    from twin.session import Selection

    panel = open_panel("event_rules")
    panel.new.click()
    panel.form.use_selection.click()
    assert "Nothing is selected" in panel.form.problem.text()
    hub_world.session.select(Selection(things=("pump-0", "pump-1")))
    panel.form.use_selection.click()
    assert panel.form.things.text() == "pump-0, pump-1"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    write_history(folder, [1.0] * 600 + [3.0] * 42 + [1.0] * 500 + [3.0] * 5 + [1.0] * 293)
    return folder


def test_a_dry_run_tells_when_and_where(
    hub_world: Any, open_panel: Any, qtbot: Any, history: Path
) -> None:
    put(hub_world, max_age_s=90.0)
    panel = open_panel("event_rules")
    panel.list.choose("high")
    dry = panel.dry_run
    dry.look_in(history)
    assert hub_world.session.history.folder == history, "the panel of the past asks it too"
    assert dry.source.currentText() == "History history"
    dry.run.click()
    assert dry.run.text() == "Cancel"
    qtbot.waitUntil(lambda: "Would have fired" in dry.answer.text(), timeout=20_000)
    assert "2 times in 24 h at 1 place" in dry.answer.text()
    assert dry.answer.text().endswith("for 42 min")
    rows = dry.list.rows.rows
    assert [row.note for row in rows] == ["42 min", "5 min"]
    dry.list.choose("0")
    qtbot.waitUntil(lambda: not dry.plot.isHidden(), timeout=20_000)
    flown: list[Any] = []
    stop = hub_world.session.fly_to_requested.connect(flown.append)
    dry.list.activated.emit(dry.list.currentIndex())
    stop()
    assert flown == [(100.0, 0.0, 5.0, 220.0)]
    assert hub_world.session.selection.thing_id == "gauge-1"
    dry.show_places.click()
    assert hub_world.session.selection.things == ("gauge-1",)


def test_a_dry_run_in_memory_and_one_that_is_stopped(
    hub_world: Any, open_panel: Any, qtbot: Any
) -> None:
    put(hub_world, open="value > -100", close="value < -100")
    panel = open_panel("event_rules")
    panel.list.choose("high")
    dry = panel.dry_run
    dry.run.click()
    qtbot.waitUntil(lambda: bool(dry.answer.text()), timeout=20_000)
    assert "Only what this console remembers" in dry.remark.text()
    dry.run.click()
    dry.run.click()
    qtbot.waitUntil(lambda: dry.run.text() == "Dry run", timeout=20_000)


def test_a_wrong_place_is_one_sentence(
    hub_world: Any, open_panel: Any, qtbot: Any, tmp_path: Path
) -> None:
    put(hub_world)
    (tmp_path / "no.mcap").write_bytes(b"rubbish")
    panel = open_panel("event_rules")
    panel.list.choose("high")
    panel.dry_run.look_in(tmp_path / "no.mcap")
    panel.dry_run.run.click()
    qtbot.waitUntil(lambda: "no recording" in panel.dry_run.answer.text(), timeout=20_000)
