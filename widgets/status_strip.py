"""The strip at the foot of the window: is what I see true, and how old is it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from twin.clock import NS_PER_S
from twin.link.status import LinkState, LinkStatus
from twin.theme import Theme
from widgets.bridge import Bridge
from widgets.icons import icon
from widgets.job_bar import JobBar
from widgets.parts.wording import count_text
from widgets.shape_mark import Level, paint_level

HEIGHT_PX = 26
_LEVELS: dict[LinkState, Level] = {
    LinkState.LIVE: "live",
    LinkState.STALE: "notice",
    LinkState.OFFLINE: "alarm",
    LinkState.REPLAY: "live",
}


@dataclass(frozen=True, slots=True)
class CityMemory:
    """What the city takes of its memory budget.

    Attributes
    ----------
    used_bytes, limit_bytes : geometry and streamed tiles, graphics memory included
    allowed_px : error on the screen when the budget makes the picture coarser, else 0
    """

    used_bytes: int
    limit_bytes: int
    allowed_px: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StripFigures:
    """What the strip shows, taken once a second.

    Attributes
    ----------
    lag_ms : 95th percentile from publishing to receiving, None before the first batch
    fps : frames drawn in the last second (a calm city needs few)
    frame_ms : 95th percentile of the last frames, None before the first
    memory_mb : resident memory of this process, 0 = not known
    now_ns : UTC
    city : what the city takes of its budget, None = not known
    skipped : messages left out because this console could not keep up
    is_thinned : it takes one value a second of each datastream just now
    """

    link: LinkStatus
    samples_per_s: float
    gaps: int
    lag_ms: float | None
    fps: float
    frame_ms: float | None
    memory_mb: float
    now_ns: int
    city: CityMemory | None = None
    skipped: int = 0
    is_thinned: bool = False


class Mark(QWidget):
    """One level's shape, 10 px."""

    def __init__(self, theme: Theme, level: Level = "calm") -> None:
        super().__init__()
        self._theme = theme
        self._level = level
        self.setFixedSize(QSize(10, 10))

    def show_level(self, level: Level, theme: Theme) -> None:
        """Change shape or colours."""
        if level != self._level or theme is not self._theme:
            self._level, self._theme = level, theme
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the shape."""
        painter = QPainter(self)
        paint_level(painter, QRectF(0, 0, 10, 10), self._level, self._theme)
        painter.end()


class StatusStrip(QWidget):
    """Link, rates, frame, memory, clock and the theme switch. GUI thread."""

    def __init__(self, *, bridge: Bridge, theme: Theme, toggle_theme: Callable[[], object]) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT_PX)
        self._theme = theme
        self._level: Level = "calm"
        self._mark = Mark(theme)
        self._link = _label("body", "Link to the hub")
        self._hub = _label("caption", "Address of the hub")
        self._hub.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._rate = _label("caption", "Samples received in the last second")
        self._gaps = _label("caption", "Messages missing since the start")
        self._frame = _label("caption", "Frames drawn in the last second; slowest 5 % of frames")
        self._memory = _label("caption", "Memory this console uses")
        self._clock = _label("body", "Local time; UTC beside it")
        self._job = JobBar(bridge=bridge, theme=theme)
        self._switch = QToolButton()
        self._switch.setAccessibleName("Switch between the light and the dark theme")
        self._switch.setToolTip("Light or dark theme")
        self._switch.clicked.connect(lambda _checked=False: toggle_theme())
        self._lay_out()
        self.set_theme(theme)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self._mark)
        layout.addWidget(self._link)
        layout.addWidget(self._hub, 1)
        layout.addWidget(self._job)
        for label in (self._rate, self._gaps, self._frame, self._memory):
            layout.addWidget(_rule())
            layout.addWidget(label)
        layout.addWidget(_rule())
        layout.addWidget(self._clock)
        layout.addWidget(self._switch)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self._mark.show_level(self._level, theme)
        name = "moon" if theme.name == "light" else "sun"
        self._switch.setIcon(icon(name, theme.ui["muted"], 14))
        self._job.set_theme(theme)

    def show_figures(self, figures: StripFigures) -> None:
        """Show what is true now; labels that did not change are not painted again."""
        link = figures.link
        self._level = _LEVELS[link.state]
        self._mark.show_level(self._level, self._theme)
        _say(self._link, link_text(link))
        self._link.setToolTip(link.text)
        waiting = f" · {link.n_in_outbox} waiting to be sent" if link.n_in_outbox else ""
        calm = link.state in (LinkState.LIVE, LinkState.REPLAY)
        _say(self._hub, (f"Hub {link.endpoint}" if calm else link.text) + waiting)
        lag = "" if figures.lag_ms is None else f" · {figures.lag_ms:.0f} ms late"
        _say(self._rate, f"{figures.samples_per_s:,.0f} samples/s{lag}")
        _say(self._gaps, gaps_text(figures))
        frame = "" if figures.frame_ms is None else f" · {figures.frame_ms:.0f} ms"
        pace = f"{figures.fps:.0f} fps" if figures.fps else "view at rest"
        _say(self._frame, pace + frame)
        self._memory.setVisible(figures.memory_mb > 0)
        _say(self._memory, f"{figures.memory_mb:,.0f} MB{city_text(figures.city)}")
        self._memory.setToolTip(memory_help(figures.city))
        _say(self._clock, clock_text(figures.now_ns))

    def release(self) -> None:
        """Stop following jobs; once, before the window closes."""
        self._job.release()


def gaps_text(figures: StripFigures) -> str:
    """What is missing and what was left out, e.g. "no gaps · 1,200 updates skipped"."""
    parts = ["no gaps" if not figures.gaps else f"{figures.gaps:,} missing"]
    if figures.skipped:
        parts.append(f"{count_text(figures.skipped, 'update')} skipped")
    if figures.is_thinned:
        parts.append("thinned")
    return " · ".join(parts)


def city_text(city: CityMemory | None) -> str:
    """Share of the budget, e.g. " · city 0.8 of 2 GiB", and that it does not suffice."""
    if city is None:
        return ""
    mib = city.used_bytes / 2**20
    used = f"{mib:.0f} MiB" if mib < 1000 else f"{mib / 1024:.1f} GiB"
    short = " (coarser)" if city.allowed_px else ""
    return f" · city {used} of {city.limit_bytes / 2**30:.2g} GiB{short}"


def memory_help(city: CityMemory | None) -> str:
    """What the figures of memory mean."""
    help_text = "Memory this console uses"
    if city is None:
        return help_text
    help_text += "; what the city takes of its budget (--memory-budget)"
    if city.allowed_px:
        help_text += (
            f". The budget does not suffice for this view: detail under {city.allowed_px:.0f} px"
            " is left out"
        )
    return help_text


def link_text(link: LinkStatus) -> str:
    """State and round trip, e.g. "LIVE 12 ms"."""
    rtt = f" {link.rtt_ms:.0f} ms" if link.rtt_ms is not None else ""
    return f"{link.state.value}{rtt if link.state is LinkState.LIVE else ''}"


def clock_text(now_ns: int) -> str:
    """Local time with its zone and UTC, with seconds; once when they are the same."""
    utc = datetime.fromtimestamp(now_ns // NS_PER_S, UTC)
    local = utc.astimezone()
    if not local.utcoffset():
        return f"{utc:%H:%M:%S} UTC"
    return f"{local:%H:%M:%S} {local:%Z} · {utc:%H:%M:%S} UTC"


def _label(role: str, tip: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setToolTip(tip)
    return label


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("role", "upright")
    rule.setFixedSize(1, 12)
    return rule


def _say(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
