"""What a datastream was before: an hour up to a month of it, beside other ones; export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.history.asking import Span
from twin.sense.model import Datastream
from twin.session import Selection
from twin.theme import Theme
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.past_asking import Answer, PastAsking, Question
from widgets.parts.past_export import PastExport
from widgets.parts.past_plot import Other, PastPlot
from widgets.parts.past_spans import KINDS, SpanKind, choices, compared, moved, span_of
from widgets.parts.past_words import read_text, sum_text
from widgets.parts.selection_facts import subject_of
from widgets.parts.wording import property_title

#: So many letters of a choice are seen in the narrowest panel.
_LEAST_LETTERS = 8
#: A recording that is shorter is shown by the hour at first.
SHORT_NS = 6 * 3_600 * NS_PER_S
_NO_HISTORY = (
    "No history is kept here. A recorder keeps one: civitwin record -o city.mcap --history history"
    " (see docs/time.md). Choose its folder, or open a recording with civitwin replay."
)
_READING = "Reading…"
_NOTHING = "Select a sensor, or something that has sensors, to see what it measured before."


class PastPanel(PanelWidget):
    """Follows the selection. GUI thread; histories are asked on a worker."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._shelf = self.session.history
        self._streams: list[Datastream] = []
        self._kind: SpanKind = "day"
        self._span = span_of("day", self.session.clock.now_ns())
        self._make_rows()
        self.asking = PastAsking(context, answered=self._show, failed=self.sentence.setText)
        self.exporting = PastExport(context, self)
        self.plot = PastPlot(self.inks)
        self.plot.read.connect(self._read)
        self._lay_out()
        self.follow(self.session.selection_changed, self.show_selection)
        self.follow(self._shelf.changed, lambda _nothing: self._begin_anew())
        self.show_selection(self.session.selection)

    # -- making -----------------------------------------------------------------------------

    def _make_rows(self) -> None:
        self.streams = QComboBox()
        self.streams.setAccessibleName("Datastream")
        self.streams.activated.connect(lambda _index: self.ask())
        self.kinds = QButtonGroup(self)
        self._kind_row = QHBoxLayout()
        self._kind_row.setSpacing(4)
        for number, kind in enumerate(KINDS):
            button = QPushButton(kind.capitalize())
            button.setCheckable(True)
            button.setChecked(kind == self._kind)
            self.kinds.addButton(button, number)
            self._kind_row.addWidget(button)
        self.kinds.idClicked.connect(lambda number: self.show_kind(KINDS[number]))
        self.back = _button("‹", "The one before", lambda: self.step(-1))
        self.on = _button("›", "The next one", lambda: self.step(1))
        self.today = _button("Now", "The one that goes on", self.go_now)
        self.when = QLabel()
        self.when.setProperty("role", "heading")
        self.compare = QComboBox()
        self.compare.setAccessibleName("Compare with")
        self.compare.activated.connect(lambda _index: self.ask())
        self.words, self.sentence = QLabel(), QLabel()
        for box in (self.streams, self.compare):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(_LEAST_LETTERS)
        self.when.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for label in (self.words, self.sentence):
            label.setWordWrap(True)
            label.setProperty("role", "muted")
        self.export = _button("Export…", "Write the exact values to a file", self.ask_export)
        self.folder = _button("History folder…", "Choose what a recorder keeps", self.choose)
        self._offer_compared()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(8)
        first.addWidget(self.streams, 1)
        first.addLayout(self._kind_row)
        for part in (self.back, self.on, self.today):
            second.addWidget(part)
        second.addWidget(self.when, 1)
        second.addWidget(self.compare, 1)
        third = QHBoxLayout()
        third.setSpacing(8)
        third.addWidget(self.sentence, 1)
        third.addWidget(self.export)
        third.addWidget(self.folder)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.plot, 1)
        column.addLayout(third)
        column.addWidget(self.words)
        self._none = EmptyState(_NO_HISTORY, step="Choose a history folder…", run=self.choose)
        self._empty = EmptyState(_NOTHING)
        self._stack = QStackedLayout(self)
        for page in (body, self._empty, self._none):
            self._stack.addWidget(page)

    # -- choosing ---------------------------------------------------------------------------

    def show_selection(self, selection: Selection) -> None:
        """Offer the datastreams of what is selected; without any, those shown stay."""
        subject = subject_of(self.session, selection)
        known = self.session.observations.datastreams
        found = [] if subject is None else [known[slot] for slot in subject.slots.tolist()]
        if found:
            self._streams = found
            self.streams.clear()
            for stream in found:
                self.streams.addItem(self._title(stream), stream.id)
        self._choose_page()
        self.ask()

    def show_kind(self, kind: SpanKind) -> None:
        """Show an hour up to a month: the one of now, or of the present one's beginning."""
        now_ns = self.session.clock.now_ns()
        is_now = self._span.start_ns <= now_ns < self._span.end_ns
        self._kind = kind
        self.kinds.button(KINDS.index(kind)).setChecked(True)
        self._span = span_of(kind, now_ns if is_now else self._span.start_ns)
        self._offer_compared()
        self.ask()

    def step(self, n: int) -> None:
        """Go on by spans; back if negative."""
        self._span = moved(self._kind, self._span, n)
        self.ask()

    def go_now(self) -> None:
        """Show the span that goes on; in a replay the one that is shown."""
        self._span = span_of(self._kind, self.session.clock.now_ns())
        self.ask()

    def choose(self) -> None:
        """Ask for the folder of a history."""
        dialog = QFileDialog(self, "Choose a history folder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self.open_folder(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open_folder(self, folder: Path) -> None:
        """Ask this history from now on, or say why not."""
        try:
            self._shelf.open_folder(folder)
        except TwinError as error:
            self.session.message.emit(str(error))

    # -- asking -----------------------------------------------------------------------------

    def ask(self) -> None:
        """Have the past that is chosen looked up, unless that is what was asked last."""
        self.when.setText(self._span.text())
        stream = self._stream()
        if stream is None or self._shelf.is_empty:
            return
        others = compared(self._kind, self._span, self.compare.currentData() or "")
        if self.asking.ask(Question(stream.id, self._span, others)):
            self.sentence.setText(_READING)

    def refresh(self) -> None:
        """A span that goes on grows; in a replay its moment is marked."""
        now_ns = self.session.clock.now_ns()
        self.plot.show_moment(now_ns if self._shelf.recording is not None else 0)
        if self.asking.ask_again():
            self.sentence.setText(_READING)

    def _show(self, answer: Answer) -> None:
        stream = self._stream()
        if stream is None:
            return
        unit = f" ({stream.unit})" if stream.unit else ""
        question = answer.question
        others = [
            Other(span, question.span.start_ns - local.start_ns)
            for span, local in zip(answer.others, question.others, strict=True)
        ]
        limits = (question.span.start_ns, question.span.end_ns)
        label = f"{property_title(stream.observed_property)}{unit}"
        self.plot.show_span(answer.span, others, label, limits)
        self.sentence.setText(sum_text(answer.span, stream, self._compared(answer)))
        self.export.setEnabled(bool(len(answer.span.t_ns)))

    def _compared(self, answer: Answer) -> Sequence[tuple[str, Span]]:
        return [
            (local.text(), span)
            for local, span in zip(answer.question.others, answer.others, strict=True)
        ]

    def _read(self, bucket: int) -> None:
        stream, found = self._stream(), self.asking.answer
        if bucket < 0 or stream is None or found is None:
            self.words.setText("")
            return
        others = [
            (local.text(), self.plot.other_at(number, bucket))
            for number, local in enumerate(found.question.others)
        ]
        self.words.setText(read_text(found.span, bucket, stream, others))

    def ask_export(self) -> None:
        """Ask for a file to write the exact values to."""
        stream = self._stream()
        if stream is None or self._shelf.is_empty:
            return
        self.exporting.ask(stream.id, self._title(stream), self._span)

    # -- inside -----------------------------------------------------------------------------

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme."""
        super().take_theme(theme)
        self.plot.repaint_inks()

    def release(self) -> None:
        """Let go of signals, the plot and a dialog."""
        super().release()
        self.plot.release()
        self.exporting.close()

    def _begin_anew(self) -> None:
        self.asking.forget()
        recording = self._shelf.recording
        if recording is not None and recording.end_ns - recording.start_ns < SHORT_NS:
            self._kind = "hour"
            self.kinds.button(KINDS.index("hour")).setChecked(True)
            self._offer_compared()
        self._span = span_of(self._kind, self.session.clock.now_ns())
        self._choose_page()
        self.ask()

    def _choose_page(self) -> None:
        has_none, has_stream = self._shelf.is_empty, bool(self._streams)
        self._stack.setCurrentIndex(2 if has_none else 0 if has_stream else 1)
        self.folder.setVisible(self._shelf.recording is None)

    def _offer_compared(self) -> None:
        chosen = self.compare.currentData()
        self.compare.clear()
        for key, title in choices(self._kind):
            self.compare.addItem(title, key)
        self.compare.setCurrentIndex(max(self.compare.findData(chosen), 0))

    def _stream(self) -> Datastream | None:
        index = self.streams.currentIndex()
        return self._streams[index] if 0 <= index < len(self._streams) else None

    def _title(self, stream: Datastream) -> str:
        thing = self.session.observations.things.get(stream.thing_id)
        name = thing.name if thing is not None else stream.thing_id
        return f"{name}: {property_title(stream.observed_property).lower()}"


def _button(text: str, help_text: str, run: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(help_text)
    button.setAccessibleName(help_text if len(text) == 1 else text)
    button.clicked.connect(lambda _checked=False: run())
    if len(text) == 1:
        button.setFixedWidth(30)
    return button


PANEL = PanelType(
    id="past",
    title="Past",
    area="bottom",
    create=PastPanel,
    order=45,
    icon="profile",
    workspaces=("review",),
)
