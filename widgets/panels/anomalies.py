"""Unusual values of watched datastreams: what, when, why, and what operators say of it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.judging import give_verdict, place_of_thing
from twin.perception.episode_log import Episode, episodes_at
from twin.perception.labels import Advice, advice_of
from twin.perception.nearest import NearestDay, nearest_day, window_of
from twin.perception.watching import StreamView, newest_as_episode
from twin.room.parts.verdicts import Verdict, Verdicts
from twin.session import Selection
from twin.theme import Theme
from widgets.panel import PanelContext, PanelType
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.episode_plot import EpisodePlot
from widgets.parts.episode_words import (
    learning_text,
    moment_text,
    nearest_text,
    stream_name,
    unit_of,
    verdict_text,
    why_text,
)
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import Deed, tell
from widgets.parts.section_list import KeyRole, Row, SectionDelegate, SectionList, section_view
from widgets.parts.wording import lower_first, property_title

#: From this width on list, words and plots stand beside each other.
WIDE_PX = 720
#: The newest so many episodes are listed.
MOST_LISTED = 100
HEIGHT_PX = 240
_YES_TIP = "Everybody sees it; it becomes a label for later"
_MISSED_TIP = "Nothing was told, but the newest values are an anomaly"
_EMPTY = (
    "No values are watched. Select a sensor and choose “Watch its values” above: the console "
    "learns what is usual for them and shows here what is not, and why."
)


class AnomaliesPanel(PanelWidget):
    """A list of episodes and watched values, and the chosen one below it."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen = ""
        self._is_picked = False  # by a person: then it stays, else the first one is shown
        self._nearest: tuple[object, NearestDay | None] = ((), None)
        self._advised: tuple[object, str] = ((), "")
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Unusual and watched values")
        self.list.selectionModel().selectionChanged.connect(self._choose_row)
        self.list.activated.connect(lambda _index: self._fly())
        self.watch = ElidedButton("Watch its values…")
        self.watch.clicked.connect(lambda _checked=False: self._show_menu())
        self.menu = QMenu(self)
        self._make_detail()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.selection_changed, lambda _selection: self._offer_watching())
        self.refresh()

    def _make_detail(self) -> None:
        self.title, self.why, self.verdict = wrapped("heading"), wrapped(), wrapped("muted")
        self.yes, self.no = QPushButton("Anomaly"), QPushButton("Not an anomaly")
        self.yes.clicked.connect(lambda _checked=False: self._judge(is_anomaly=True))
        self.no.clicked.connect(lambda _checked=False: self._judge(is_anomaly=False))
        self.missed = ElidedButton("This now is an anomaly")
        self.missed.clicked.connect(lambda _checked=False: self._mark_missed())
        self.stop = ElidedButton("Watch no longer")
        self.stop.clicked.connect(lambda _on=False: self._toggle(self._chosen, is_on=False))
        self.plot = EpisodePlot(self.inks)
        self.legend, self.trouble = wrapped("caption"), wrapped("error")
        self.advice = wrapped()
        self.use = ElidedButton()
        self.use.clicked.connect(lambda _checked=False: self._use_advice())
        self.problem, self.note = wrapped("error"), wrapped("muted")
        self.problem.hide()

    def _words(self) -> QVBoxLayout:
        """What is told and asked about the chosen one."""
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.yes, self.no, self.missed, self.stop):
            buttons.addWidget(button)
        buttons.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(8)
        for part in (self.title, self.why, self.verdict):
            words.addWidget(part)
        words.addLayout(buttons)
        for widget in (self.note, self.problem, self.trouble, self.advice, self.use):
            words.addWidget(widget)
        words.addStretch(1)
        return words

    def _lay_out(self) -> None:
        plots = QVBoxLayout()
        plots.setSpacing(4)
        plots.addWidget(self.plot, 1)
        plots.addWidget(self.legend)
        body = QWidget()
        self._detail = QBoxLayout(QBoxLayout.Direction.TopToBottom, body)
        self._detail.setContentsMargins(12, 8, 12, 8)
        self._detail.setSpacing(12)
        self._detail.addLayout(self._words(), 2)
        self._detail.addLayout(plots, 4)
        self.detail = QScrollArea()
        self.detail.setWidgetResizable(True)
        self.detail.setFrameShape(QFrame.Shape.NoFrame)
        self.detail.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.detail.setMinimumHeight(100)
        self.detail.setWidget(body)
        left = QWidget()
        head = QVBoxLayout(left)
        head.setContentsMargins(0, 4, 0, 0)
        head.setSpacing(4)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(self.watch)
        row.addStretch(1)
        head.addLayout(row)
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(self.list)
        self._stack.addWidget(EmptyState(_EMPTY))
        head.addWidget(middle, 1)
        self._halves = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._halves.setContentsMargins(0, 0, 0, 0)
        self._halves.setSpacing(0)
        self._halves.addWidget(left, 2)
        self._halves.addWidget(self.detail, 5)

    def sizeHint(self) -> QSize:
        """As high as the other panels at the bottom of the window."""
        return QSize(WIDE_PX, HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lie the parts side by side where the panel is wide, as at the bottom of the window."""
        super().resizeEvent(event)
        is_wide = event.size().width() >= WIDE_PX
        direction = QBoxLayout.Direction
        wanted = direction.LeftToRight if is_wide else direction.TopToBottom
        self._halves.setDirection(wanted)
        self._detail.setDirection(wanted)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """List what was found up to now."""
        self.tell_refusal(self.problem)
        episodes = self._episodes()[:MOST_LISTED]
        is_new = [one for one in episodes if self._verdict(one.id) is None]
        is_old = [one for one in episodes if self._verdict(one.id) is not None]
        self.model.show_sections(
            [
                ("To be judged", [self._episode_row(one) for one in is_new]),
                ("Judged", [self._episode_row(one) for one in is_old]),
                ("Watched", [self._watched_row(one) for one in self.session.anomalies.wanted]),
            ]
        )
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        self.detail.setVisible(self.model.rowCount() > 0)
        self._offer_watching()
        if self.model.row_of(self._chosen) < 0:
            self._chosen, self._is_picked = "", False
        if not self._is_picked and self.model.rowCount() > 1:
            self.list.setCurrentIndex(self.model.index(1))
            self._is_picked = False
        self._show_chosen()

    def _episodes(self) -> list[Episode]:
        """Those that have begun by the moment that is shown, the newest first."""
        views, now_ns = self.session.anomalies.views.values(), self.session.clock.now_ns()
        found = [one for view in views for one in view.episodes if one.start_ns <= now_ns]
        return sorted(found, key=lambda one: -one.start_ns)

    def _verdict(self, episode_id: str) -> Verdict | None:
        return self.session.hub.room[Verdicts].by_id.get(episode_id)

    def _episode_row(self, one: Episode) -> Row:
        verdict = self._verdict(one.id)
        now_ns = self.session.clock.now_ns()
        said = "" if verdict is None else ("anomaly" if verdict.is_anomaly else "not an anomaly")
        return Row(
            key=one.id,
            title=stream_name(self.session, one.datastream_id),
            caption=said or why_text(self.session, one),
            right="now" if one.is_open else moment_text(one.start_ns, now_ns),
            level=("warning" if one.is_open else "notice") if verdict is None else "calm",
            is_bold=verdict is None and one.is_open,
        )

    def _watched_row(self, datastream_id: str) -> Row:
        view = self.session.anomalies.views.get(datastream_id)
        name = stream_name(self.session, datastream_id)
        return Row(key=datastream_id, title=name, caption=learning_text(view))

    def _choose_row(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        if chosen and chosen[0].data(KeyRole):
            self._chosen, self._is_picked = str(chosen[0].data(KeyRole)), True
            self.problem.hide()
            self._show_chosen()

    def _chosen_episode(self) -> Episode | None:
        return next((one for one in self._episodes() if one.id == self._chosen), None)

    def _chosen_stream(self) -> str:
        episode = self._chosen_episode()
        return episode.datastream_id if episode is not None else self._chosen

    def _chosen_view(self) -> StreamView | None:
        return self.session.anomalies.views.get(self._chosen.rpartition("@")[0] or self._chosen)

    def _show_chosen(self) -> None:
        episode, view = self._chosen_episode(), self._chosen_view()
        datastream_id = episode.datastream_id if episode is not None else self._chosen
        self.title.setText(stream_name(self.session, datastream_id) if self._chosen else "")
        say(self.why, why_text(self.session, episode) if episode else learning_text(view))
        say(self.verdict, verdict_text(self._verdict(self._chosen)))
        for part in (self.yes, self.no):
            part.setVisible(episode is not None)
        self.stop.setVisible(episode is None and bool(self._chosen))
        has_learned = view is not None and view.n_to_learn == 0
        self.missed.setVisible(episode is None and has_learned)
        buttons = {self.yes: _YES_TIP, self.no: "", self.missed: _MISSED_TIP}
        tell(self.session, self.note, [Deed(b, "verdict.give", tip=t) for b, t in buttons.items()])
        self._show_plot(view, episode)
        self._show_advice(datastream_id)

    def _show_plot(self, view: StreamView | None, episode: Episode | None) -> None:
        has_trace = view is not None and len(view.trace.t_ns) > 1
        self.plot.setVisible(has_trace)
        say(self.trouble, view.trouble if view is not None else "")
        if view is None or not has_trace:
            say(self.legend, "")
            return
        offset_s = self.session.anomalies.utc_offset_s
        last_ns = int(view.trace.t_ns[-1])
        span = (episode.start_ns, episode.end_ns) if episode else (last_ns, last_ns)
        _, start_ns, end_ns = window_of(view.trace, span, offset_s)
        nearest = self._nearest_of(view, episode, span, offset_s)
        unit = unit_of(self.session, view.datastream_id)
        self.plot.show_trace(
            view.trace.between(start_ns, max(end_ns, span[1])),
            label=unit or "value",
            threshold=view.threshold,
            episode=span if episode else None,
            nearest=nearest,
        )
        dashed = f". {nearest_text(nearest)}" if episode else ""
        say(self.legend, f"Grey: 3 spreads around what is usual{dashed}")

    def _nearest_of(
        self, view: StreamView, episode: Episode | None, span: tuple[int, int], offset_s: float
    ) -> NearestDay | None:
        """The nearest normal day, looked for again only when something was added."""
        if episode is None:
            return None
        others = tuple(
            (one.start_ns, one.end_ns)
            for one in view.episodes
            if one.id != episode.id and ((said := self._verdict(one.id)) is None or said.is_anomaly)
        )
        key = (episode.id, view.n_buckets, others)
        if self._nearest[0] != key:
            self._nearest = key, nearest_day(view.trace, span, others, offset_s)
        return self._nearest[1]

    def _advice(self, datastream_id: str) -> Advice | None:
        said = self.session.hub.room[Verdicts].by_id.values()
        own = [one for one in said if one.datastream_id == datastream_id]
        return advice_of(own, self.session.anomalies.threshold_of(datastream_id))

    def _show_advice(self, datastream_id: str) -> None:
        advice = self._advice(datastream_id) if datastream_id else None
        view = self.session.anomalies.views.get(datastream_id)
        self.use.setVisible(advice is not None)
        if advice is None:
            say(self.advice, "")
            return
        key = (advice, view.n_buckets if view is not None else 0)
        if key != self._advised[0]:
            kept = ""
            if view is not None:
                now, then = len(view.episodes), episodes_at(view.trace.strength, advice.threshold)
                kept = f". In what is kept here it would tell {then} instead of {now} episodes"
            self._advised = key, advice.text() + kept
        say(self.advice, self._advised[1])
        self.use.say(f"Tell episodes from {advice.threshold:.1f} spreads on, at this console")

    def _follow_room(self, parts: frozenset[str]) -> None:
        if parts & {"verdicts", "permissions"}:
            self.refresh()
        self.tell_refusal(self.problem)

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme in plots too."""
        super().take_theme(theme)
        self.plot.repaint_inks()

    def release(self) -> None:
        """Let go of signals and plots."""
        super().release()
        self.plot.release()

    # -- doing ------------------------------------------------------------------------------

    def _offer_watching(self) -> None:
        thing = self.session.observations.things.get(self.session.selection.thing_id)
        self.watch.setEnabled(thing is not None)
        self.watch.say(f"Watch values of {thing.name}…" if thing else "Select a sensor to watch")

    def fill_menu(self) -> QMenu:
        """The values of the selected thing, those that are watched with a tick."""
        self.menu.clear()
        store, anomalies = self.session.observations, self.session.anomalies
        for slot in store.slots_of_thing(self.session.selection.thing_id).tolist():
            stream = store.datastreams[slot]
            action = self.menu.addAction(property_title(stream.observed_property))
            action.setCheckable(True)
            action.setChecked(stream.id in anomalies.wanted)
            action.toggled.connect(lambda is_on, key=stream.id: self._toggle(key, is_on=is_on))
        return self.menu

    def _show_menu(self) -> None:
        self.fill_menu().popup(self.watch.mapToGlobal(self.watch.rect().bottomLeft()))

    def _toggle(self, datastream_id: str, *, is_on: bool) -> None:
        if not is_on:
            self.session.anomalies.unwatch(datastream_id)
        elif sentence := self.session.anomalies.watch(datastream_id):
            self.session.message.emit(sentence)
        self.refresh()

    def _judge(self, *, is_anomaly: bool) -> None:
        episode = self._chosen_episode()
        if episode is not None:
            self._is_picked = True  # stay with it: its verdict can be taken back
            self._act_id = give_verdict(self.session, episode, is_anomaly=is_anomaly)

    def _mark_missed(self) -> None:
        """Label the newest values although nothing was told."""
        view = self._chosen_view()
        if view is None or not len(view.trace.t_ns):
            return
        episode = newest_as_episode(view)
        self._act_id = give_verdict(self.session, episode, is_anomaly=True)
        name = lower_first(stream_name(self.session, view.datastream_id))
        self.session.message.emit(f"The newest values of {name} are marked as an anomaly")

    def _use_advice(self) -> None:
        """A person takes the proposal; nothing does it by itself."""
        datastream_id = self._chosen_stream()
        advice = self._advice(datastream_id)
        if advice is not None:
            self.session.anomalies.set_threshold(datastream_id, advice.threshold)
            self.refresh()

    def _fly(self) -> None:
        store = self.session.observations
        slot = store.slot_of(self._chosen_stream())
        if slot < 0:
            return
        thing_id = store.datastreams[slot].thing_id
        self.session.select(Selection(thing_id=thing_id))
        place = place_of_thing(store, thing_id)
        if place is not None:
            self.fly_to(place)


PANEL = PanelType(
    id="anomalies",
    title="Anomalies",
    area="bottom",
    create=AnomaliesPanel,
    order=44,
    icon="chart",
    workspaces=("monitor",),
)
