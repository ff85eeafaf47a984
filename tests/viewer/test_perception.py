"""Unusual values, verdicts, proposals: a real window, a real hub, another operator, files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from scripts.anomaly_history import street, write_history
from tests.twin.hub_rig import CLOCK
from tests.twin.odd_street import STREAM, THING, Source
from tests.viewer.desk_rig import *  # noqa: F403
from tests.viewer.desk_rig import ada_beside
from twin.clock import NS_PER_S
from twin.hub.server import Hub
from twin.link.client import HubClient
from twin.room.parts.incidents import Incidents
from twin.room.parts.verdicts import Verdicts
from twin.sense.trust import Doubt
from viewer.cli import main
from viewer.desk import Desk

pytestmark = pytest.mark.display
WAIT_MS = 30_000
#: The history ends so long before the test.
BEFORE_NS = 50 * 60 * NS_PER_S


@pytest.fixture
def desk(ben: HubClient, qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Ada's window, with three weeks of history of one loop."""
    write_history(tmp_path / "history", THING, *street(CLOCK.now_ns() - BEFORE_NS, odd_hours=0.0))
    more = {"history": tmp_path / "history", "watched": (STREAM,)}
    with ada_beside(ben, qtbot, tmp_path, **more) as made:
        yield made


def test_what_is_unusual_is_found_live_judged_and_exported(
    hub: Hub, ben: HubClient, desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    anomalies, source = desk.session.anomalies, Source(hub.addresses)
    t_ns = CLOCK.now_ns() - BEFORE_NS + np.arange(1, 11) * 300 * NS_PER_S  # a road is crammed

    def has_found() -> bool:
        source.send(t_ns, np.full(len(t_ns), 3_000.0))
        return bool(anomalies.views.get(STREAM) and anomalies.views[STREAM].episodes)

    said: list[str] = []
    desk.session.message.connect(said.append)
    try:
        qtbot.waitUntil(has_found, timeout=WAIT_MS)
    finally:
        source.close()
    qtbot.waitUntil(lambda: any("Unusual: Loop Mill Lane" in one for one in said), timeout=WAIT_MS)
    view = anomalies.views[STREAM]
    assert (view.has_history, view.bucket_s) == (True, 300.0)
    desk.window.show_panel("anomalies")
    panel = desk.window.docks["anomalies"].widget()
    panel.refresh()
    assert "usual for this hour of" in panel.why.text()
    assert "nearest normal day" in panel.legend.text()
    panel.yes.click()

    def ben_knows() -> bool:
        ben.poll()
        return len(ben.room[Verdicts].by_id) == 1

    qtbot.waitUntil(ben_knows, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "Ada (traffic) said at" in panel.verdict.text(), timeout=WAIT_MS)
    out = tmp_path / "labels.csv"
    assert main(["verdicts", str(tmp_path / "journal.sqlite"), "-o", str(out)]) == 0
    (row,) = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert (row["datastream_id"], row["verdict"], row["by"]) == (STREAM, "anomaly", "Ada")
    assert float(row["strength"]) > float(row["threshold"])

    doubts = desk.session.observations.snapshot().doubts
    assert Doubt(int(doubts.bits[0])) & Doubt.NOISY == 0


def test_alarms_that_another_raised_become_one_incident_for_both(
    ben: HubClient, desk: Desk, qtbot: QtBot
) -> None:
    alarms = [
        {"id": f"a{n}", "title": "Water is high", "priority": "high", "xyz": (40.0 * n, 0.0, 0.0),
         "thing_id": f"t{n}", "thing_name": f"Gauge {n}", "rule": "level", "department": "water"}
        for n in range(3)
    ]  # fmt: skip
    said: list[str] = []
    desk.session.message.connect(said.append)
    ben.act("alarm.raise", {"alarms": alarms})
    qtbot.waitUntil(lambda: len(desk.session.incident_proposals) == 1, timeout=WAIT_MS)
    assert said.count("3 alarms may be one incident: see Proposals") == 1
    desk.window.show_panel("proposals")
    panel = desk.window.docks["proposals"].widget()
    panel.refresh()
    assert panel.question.text().startswith("3 alarms within 40 m")
    panel.yes.click()

    def ben_has_one() -> bool:
        ben.poll()
        return len(ben.room[Incidents].open) == 1

    qtbot.waitUntil(ben_has_one, timeout=WAIT_MS)
    assert ben.room[Incidents].open[0].links == ("alarm:a0", "alarm:a1", "alarm:a2")
    qtbot.waitUntil(lambda: desk.session.incident_proposals == (), timeout=WAIT_MS)


def test_what_is_watched_is_remembered(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    desk.session.anomalies.watch("loop/speed")
    desk.session.anomalies.set_threshold(STREAM, 9.5)

    def is_kept() -> bool:
        kept = desk._settings.watched(desk.session.city.title)
        return "loop/speed" in kept and "9.5" in kept

    qtbot.waitUntil(is_kept, timeout=WAIT_MS)


def test_a_journal_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.sqlite"
    assert main(["verdicts", str(missing)]) != 0
    assert f"There is no journal of this name: {missing}" in capsys.readouterr().err
