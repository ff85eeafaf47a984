"""Alarms: a flood as few entries, and the panel with 10,000 alarms against a bare Qt table."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QApplication, QTableView

from benchmarks.result import Result
from tests.twin.alarm_samples import a_flood, an_alarm
from tests.widgets.panel_world import World
from twin.operations.alarm_groups import grouped
from twin.room.model import Operator
from twin.room.parts.alarms import PRIORITIES, Alarm, Priority
from twin.theme import load_theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.panel import PanelContext
from widgets.panels.alarms import AlarmsPanel
from widgets.parts.alarm_table import TITLES
from widgets.style import apply_theme

N_FLOOD, N_MANY = 2_000, 10_000
_ROUNDS, _FRAMES = 9, 60
_MOST_ROWS, _LEAST_FPS, _MOST_MS = 10, 20.0, 250.0
_SIZE = (1_200, 420)
_WORDS = ("p", "pu", "pump", "pump 1", "pump 12", "pump 123", "pump 12", "pump", "level", "")


def run() -> list[Result]:
    """The flood's entries, grouping, and frames a second of scrolling and filtering."""
    app = QApplication.instance() or QApplication([])
    if isinstance(app, QApplication):
        apply_theme(app, load_theme("light"))
    results = [*_flood(rooted=True), *_flood(rooted=False), _grouping()]
    with tempfile.TemporaryDirectory() as folder:
        results += _panel(Path(folder))
    return results


def many_alarms(n: int = N_MANY) -> list[Alarm]:
    """So many alarms that all stand for themselves: far from each other in time and place."""
    return [
        an_alarm(
            f"a{i}", -70.0 * i, title="Level is high", rule=f"rule {i}", thing_id=f"pump-{i}",
            thing_name=f"Pump {i}", value_text=f"{i % 700 / 100:.2f} m", department="water",
            priority=PRIORITIES[i % 4],
        )
        for i in range(n)
    ]  # fmt: skip


def _flood(*, rooted: bool) -> list[Result]:
    """2,000 alarms in a minute from one cause: rows that are seen, and critical ones hidden."""
    flood = a_flood(N_FLOOD, rooted=rooted)
    groups = grouped(flood)
    seen = [alarm for group in groups for alarm in (group.pinned or group.alarms[:1])]
    rows = len(groups) + sum(len(group.pinned) for group in groups)
    critical = {alarm.id for alarm in flood if alarm.priority is Priority.CRITICAL}
    n_hidden = len(critical - {alarm.id for alarm in seen})
    name = "rooted" if rooted else "unrooted"
    took = _median_ms(lambda: grouped(flood))
    bare = _median_ms(lambda: sorted(flood, key=lambda alarm: (alarm.raised_ns, alarm.id)))
    return [
        Result(
            name=f"alarms.flood_{name}_rows", value=rows, unit="rows", ratio=None,
            limit=_MOST_ROWS, ok=rows <= _MOST_ROWS and not n_hidden,
            note=f"{N_FLOOD} alarms in 60 s, {len(critical)} critical, {n_hidden} of them hidden",
        ),
        Result(
            name=f"alarms.flood_{name}_group", value=round(took, 2), unit="ms",
            ratio=round(took / bare, 1), limit=_MOST_MS, ok=took < _MOST_MS,
            note="ratio to sorting the same alarms, limit on the value in ms",
        ),
    ]  # fmt: skip


def _grouping() -> Result:
    alarms = a_flood(N_MANY, seconds=7_200.0)
    took = _median_ms(lambda: grouped(alarms))
    bare = _median_ms(lambda: sorted(alarms, key=lambda alarm: (alarm.raised_ns, alarm.id)))
    return Result(
        name="alarms.group_10k", value=round(took, 2), unit="ms", ratio=round(took / bare, 1),
        limit=_MOST_MS, ok=took < _MOST_MS,
        note="over two hours; ratio to sorting the same alarms, limit on the value in ms",
    )  # fmt: skip


def _panel(folder: Path) -> Iterator[Result]:
    """Frames a second of the real panel and of a bare table, drawn at once each time."""
    world = World(folder, operator=Operator(name="Ada", department="water", console_id="c1"))
    bridge = Bridge(world.clock)
    context = PanelContext(
        session=world.session, bridge=bridge, theme=load_theme("light"), actions=ActionTable()
    )
    for alarm in many_alarms():
        world.hub.happen("alarm.raised", {"alarm": msgspec.to_builtins(alarm)})
        world.clock.advance_s(70.0)
    world.session.poll()
    panel, bare = AlarmsPanel(context), _bare_table(many_alarms())
    for widget in (panel, bare):
        widget.resize(*_SIZE)
        widget.show()
    QApplication.processEvents()
    if panel.model.rowCount() != N_MANY:
        raise AssertionError(f"{panel.model.rowCount()} rows, not {N_MANY}")
    proxy = bare.model()
    yield _fps("scroll", _scroll(panel.table), _scroll(bare))
    yield _update(world, panel)
    yield _fps(
        "filter",
        _filter(panel.text.setText, panel.table),
        _filter(proxy.setFilterFixedString, bare),  # type: ignore[attr-defined]
    )
    panel.release()
    panel.close()
    bare.close()
    bridge.close()
    world.close()


def _update(world: World, panel: AlarmsPanel) -> Result:
    """One acknowledgement among all: the room's fold, the entries and the list."""
    took = []
    for n in range(_ROUNDS):
        by = msgspec.to_builtins(world.client.operator)
        world.hub.happen("alarm.acknowledged", {"ids": [f"a{n}"], "by": by})
        began_ns = time.perf_counter_ns()
        world.session.poll()
        panel.show_alarms()
        took.append((time.perf_counter_ns() - began_ns) / 1e6)
    value = sorted(took)[len(took) // 2]
    return Result(
        name="alarms.update_10k", value=round(value, 1), unit="ms", ratio=None, limit=_MOST_MS,
        ok=value < _MOST_MS, note="one acknowledgement among 10,000 alarms until the list shows it",
    )  # fmt: skip


def _fps(what: str, own: float, bare: float) -> Result:
    return Result(
        name=f"alarms.{what}_10k", value=round(own, 1), unit="frames/s",
        ratio=round(bare / own, 2), limit=_LEAST_FPS, ok=own >= _LEAST_FPS,
        note=f"ratio of a bare QTableView ({bare:.0f} frames/s) to it, limit on the value",
    )  # fmt: skip


def _scroll(table: QTableView) -> float:
    bar = table.verticalScrollBar()

    def step(frame: int) -> None:
        bar.setValue(round(bar.maximum() * (frame * 37 % _FRAMES) / _FRAMES))
        table.viewport().repaint()

    return _rate(step)


def _filter(say: Callable[[str], Any], table: QTableView) -> float:
    def step(frame: int) -> None:
        say(_WORDS[frame % len(_WORDS)])
        table.viewport().repaint()

    return _rate(step)


def _rate(step: Callable[[int], None]) -> float:
    for frame in range(10):
        step(frame)
    began_ns = time.perf_counter_ns()
    for frame in range(_FRAMES):
        step(frame)
        QApplication.processEvents()
    return _FRAMES * 1e9 / (time.perf_counter_ns() - began_ns)


class _BareModel(QAbstractTableModel):
    """The same texts, ready made."""

    def __init__(self, alarms: list[Alarm]) -> None:
        super().__init__()
        self._rows = [
            (a.title, a.thing_name, "Not acknowledged", a.value_text, a.department, "3 min")
            for a in alarms
        ]

    def rowCount(self, _parent: QModelIndex | None = None) -> int:
        return len(self._rows)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:
        return len(TITLES)

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        return None


def _bare_table(alarms: list[Alarm]) -> QTableView:
    table = QTableView()
    model, proxy = _BareModel(alarms), QSortFilterProxyModel(table)
    model.setParent(table)
    proxy.setSourceModel(model)
    proxy.setFilterKeyColumn(1)
    proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    table.setModel(proxy)
    return table


def _median_ms(call: Callable[[], object]) -> float:
    took = []
    for _ in range(_ROUNDS):
        began_ns = time.perf_counter_ns()
        call()
        took.append((time.perf_counter_ns() - began_ns) / 1e6)
    return sorted(took)[len(took) // 2]
