"""Dry run of an event rule: how often it would have fired, where and when, beside the values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.perception.rules_model import CompiledRule
from twin.perception.rules_past import DryRun, Episode, dry_run
from twin.perception.rules_saying import would_have
from twin.perception.rules_sources import HistoryPast, RecordingPast, StorePast, open_past
from twin.session import Selection
from widgets.bridge import Job, JobProgress
from widgets.panel import PanelContext
from widgets.parts.inks import Inks
from widgets.parts.labels import say, wrapped
from widgets.parts.row_list import ROW_PX, ListRow, RowList
from widgets.parts.time_plot import TimePlot
from widgets.parts.wording import clock_text, duration_text

MOST_ROWS = 500
_LIST_PX = 150
_AROUND_NS = 300 * NS_PER_S
_SHELF, _MEMORY, _FOLDER, _FILE = "shelf", "memory", "folder", "file"
_AnyPast = HistoryPast | RecordingPast | StorePast


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one job came to."""

    past: _AnyPast
    answer: DryRun
    remark: str


class RuleDryRun(QWidget):
    """Where to look, the answer, the times with a plot of each. GUI thread."""

    def __init__(self, context: PanelContext, inks: Inks) -> None:
        super().__init__()
        self._context, self._session = context, context.session
        self._rule: CompiledRule | None = None
        self._asked: _Asked | None = None
        self._job: Job | None = None
        self.source, self.days = QComboBox(), QDoubleSpinBox()
        self.source.addItem("What this console remembers", (_MEMORY, ""))
        self._shelf = self._session.history
        self.source.addItem("History folder…", (_FOLDER, ""))
        self.source.addItem("Recording…", (_FILE, ""))
        self.source.setAccessibleName("Where to look")
        self.source.activated.connect(self._choose)
        self.days.setRange(0.01, 62.0)
        self.days.setDecimals(2)
        self.days.setValue(7.0)
        self.days.setSuffix(" days")
        self.days.setAccessibleName("How many days back")
        self.run = QPushButton("Dry run")
        self.run.clicked.connect(lambda _checked=False: self.toggle())
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.answer, self.remark = wrapped(), wrapped("muted")
        self.list = RowList(inks, "When it would have fired")
        self.list.selectionModel().currentChanged.connect(lambda *_: self._show_episode())
        self.list.activated.connect(self._fly)
        self.list.doubleClicked.connect(self._fly)
        self.show_places = QPushButton("Select the places in the city")
        self.show_places.clicked.connect(lambda _checked=False: self._select_places())
        self.plot = TimePlot(inks)
        self._lay_out()
        self._clear()
        self._unfollow = self._shelf.changed.connect(self.offer_history)
        self.offer_history()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.days, 1)
        row.addWidget(self.run, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(wrapped("title", "What it would have done"))
        layout.addWidget(self.source)
        layout.addLayout(row)
        for part in (
            self.bar, self.answer, self.remark, self.list, self.plot, self.show_places
        ):  # fmt: skip
            layout.addWidget(part)

    # --- asking -------------------------------------------------------------------------------

    def show_rule(self, rule: CompiledRule | None) -> None:
        """Another rule is looked at; what was found for the former one goes."""
        if rule is not None and self._rule is not None and rule.rule == self._rule.rule:
            return
        self._rule = rule
        self.run.setEnabled(rule is not None)
        self._stop()
        self._clear()

    def toggle(self) -> None:
        """Begin, or stop what has begun."""
        if self._job is not None:
            self._stop()
            return
        rule, (kind, path) = self._rule, self.source.currentData()
        if rule is None:
            return
        if kind in (_FOLDER, _FILE) and not path:
            say(self.answer, "Choose a history folder or a recording first")
            return
        days, store, shelf = self.days.value(), self._session.observations, self._shelf
        now_ns = self._session.clock.now_ns()

        def work(progress: JobProgress) -> _Asked:
            past: _AnyPast
            if kind == _SHELF:
                past = HistoryPast(shelf.opened(progress))
            else:
                past = open_past(Path(path)) if path else StorePast(store, now_ns)
            end_ns = past.end_ns
            start_ns = max(past.start_ns, end_ns - round(days * 86_400) * NS_PER_S)
            end_ns = max(end_ns, start_ns + NS_PER_S)

            def tell(share: float) -> bool:
                progress(share)
                return False

            answer = dry_run(rule, past, start_ns=start_ns, end_ns=end_ns, progress=tell)
            assert answer is not None  # noqa: S101 - `tell` never stops it, it raises
            return _Asked(past, answer, past.remark(start_ns, end_ns))

        self._clear()
        self.bar.setValue(0)
        self.bar.show()
        self.run.setText("Cancel")
        self._job = self._context.bridge.run_job(
            work, self._take, self._fail, lambda share: self.bar.setValue(round(share * 100)),
            title=f"Dry run of “{rule.rule.title}”", cancelled=self._end,
        )  # fmt: skip

    def release(self) -> None:
        """Stop, and let go of the plot and the past."""
        self._unfollow()
        self._stop()
        self._let_go()
        self.plot.release()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _end(self) -> None:
        self._job = None
        self.bar.hide()
        self.run.setText("Dry run")

    def _fail(self, error: Exception) -> None:
        self._end()
        text = str(error) if isinstance(error, TwinError) else f"The dry run failed: {error}"
        say(self.answer, text)

    def _take(self, asked: _Asked) -> None:
        self._end()
        self._let_go()
        self._asked = asked
        say(self.answer, would_have(asked.answer, None))
        say(self.remark, asked.remark)
        episodes = asked.answer.episodes[:MOST_ROWS]
        self.list.show_rows([_row(k, one, asked.answer) for k, one in enumerate(episodes)])
        self.list.setFixedHeight(min(len(episodes) * ROW_PX, _LIST_PX) + 2)
        self.list.setVisible(bool(episodes))
        self.show_places.setVisible(any(one.thing_id for one in episodes))

    def _clear(self) -> None:
        self.list.show_rows([])
        for part in (self.list, self.plot, self.show_places):
            part.hide()
        say(self.answer, "")
        say(self.remark, "")

    def _let_go(self) -> None:
        if self._asked is not None and isinstance(self._asked.past, RecordingPast):
            self._asked.past.close()
        self._asked = None

    def _choose(self, _index: int) -> None:
        """Ask for a folder or file when it is to be another one."""
        kind, path = self.source.currentData()
        if kind in (_SHELF, _MEMORY) or path:
            return
        if kind == _FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, "A folder of civitwin record --history")
        else:
            chosen, _ = QFileDialog.getOpenFileName(
                self, "A recording", filter="Recordings (*.mcap)"
            )
        self.look_in(Path(chosen) if chosen else None)

    def look_in(self, path: Path | None) -> None:
        """Look in a folder or file from now on; None = stay with what there is.

        A folder becomes the history of the whole console.
        """
        if path is None:
            self.source.setCurrentIndex(0)
            return
        if path.is_dir():
            try:
                self._shelf.open_folder(path)
            except TwinError as error:
                self.source.setCurrentIndex(0)
                say(self.answer, str(error))
            return
        self.source.insertItem(0, path.name, (_FILE, str(path)))
        self.source.setItemData(0, str(path), Qt.ItemDataRole.ToolTipRole)
        self.source.setCurrentIndex(0)

    def offer_history(self, _none: None = None) -> None:
        """Have the console's own history on top, where it has one."""
        old = self.source.findData((_SHELF, ""))
        if old >= 0:
            self.source.removeItem(old)
        if self._shelf.is_empty:
            return
        folder = self._shelf.folder
        if folder is None or self._shelf.recording is not None:
            name = "The recording that is shown"
        else:
            name = f"History {folder.name}"
        self.source.insertItem(0, name, (_SHELF, ""))
        self.source.setCurrentIndex(0)

    # --- one time -----------------------------------------------------------------------------

    def _episode(self) -> Episode | None:
        key = self.list.current_key
        return self._asked.answer.episodes[int(key)] if self._asked and key else None

    def _show_episode(self) -> None:
        """Plot the values around the chosen time."""
        one, asked = self._episode(), self._asked
        if one is None or asked is None or not one.datastream_id:
            self.plot.hide()
            return
        end_ns = one.end_ns or asked.answer.end_ns
        around_ns = max(_AROUND_NS, (end_ns - one.start_ns) // 2)

        def work(_progress: JobProgress) -> tuple[Int64Array, Float64Array]:
            wanted = [one.datastream_id]
            found = asked.past.samples(wanted, one.start_ns - around_ns, end_ns + around_ns)
            return found[one.datastream_id]

        def done(series: tuple[Int64Array, Float64Array]) -> None:
            if self._episode() is one:
                self.plot.show()
                self.plot.show_series(*series, one.place)
                self.plot.show_span(one.start_ns, end_ns)

        self._context.bridge.run_job(work, done, lambda _error: self.plot.hide())

    def _fly(self, _index: QModelIndex) -> None:
        one = self._episode()
        if one is None:
            return
        if one.thing_id:
            self._session.select(Selection(thing_id=one.thing_id))
        if one.xyz is not None:
            self._session.fly_to_requested.emit((*one.xyz, 220.0))

    def _select_places(self) -> None:
        if self._asked is not None:
            things = dict.fromkeys(e.thing_id for e in self._asked.answer.episodes if e.thing_id)
            self._session.select(Selection(things=tuple(things)))


def _row(key: int, one: Episode, answer: DryRun) -> ListRow:
    day = datetime.fromtimestamp(one.start_ns / NS_PER_S).astimezone()
    still = "" if one.end_ns else ", still open at the end"
    return ListRow(
        key=str(key), title=one.place, note=duration_text(one.lasted_s(answer.end_ns)),
        detail=f"{day:%a %d %b} {clock_text(one.start_ns)}{still}", icon="alarm", is_quiet=True,
    )  # fmt: skip
