"""The timeline of a report: alarms, incidents, and a lane of commands and messages a department."""

from __future__ import annotations

from twin.clock import NS_PER_S
from twin.reporting.document import Picture
from twin.reporting.scope import Scope
from twin.reporting.svg import (
    ACCENT,
    BAD,
    INK,
    MUTED,
    alarm_sign,
    box,
    circle,
    drawing,
    line,
    polygon,
    text,
)
from twin.reporting.words import Clockwork, department_text
from twin.room.model import Command, CommandState
from twin.room.parts.alarms import PRIORITIES

WIDTH = 720.0
_LEFT, _RIGHT, _TOP = 104.0, 12.0, 30.0
_LANE, _ROW = 40.0, 13.0
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600,
            43_200, 86_400, 172_800, 604_800)  # fmt: skip
_MOST_TICKS = 8
_MOST_ROWS = 5
#: With more commands than this a lane shows one of those that would cover each other.
_MOST_DRAWN = 200
#: Signs nearer than this stand for one another, in units of the drawing.
_NEAR = 3.0


class _Timeline:
    def __init__(self, scope: Scope, clockwork: Clockwork) -> None:
        self.scope, self.clockwork = scope, clockwork
        span = max(scope.end_ns - scope.start_ns, NS_PER_S)
        self.start_ns = scope.start_ns - span // 50
        self.end_ns = scope.end_ns + span // 50
        self.pieces: list[str] = []
        self.y = _TOP

    def x(self, t_ns: int) -> float:
        t_ns = min(max(t_ns, self.start_ns), self.end_ns)
        share = (t_ns - self.start_ns) / (self.end_ns - self.start_ns)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def lane(self, title: str, height: float) -> float:
        """Begin a lane; its top."""
        top = self.y
        self.pieces.append(line(0, top, WIDTH, top))
        self.pieces.append(text(4, top + 16, title, size=10.5, weight="bold"))
        self.y += height
        return top

    def axis(self) -> None:
        step_ns = self._step_ns()
        offset = self.clockwork.at(self.start_ns).utcoffset()
        shift_ns = round(offset.total_seconds()) * NS_PER_S if offset else 0
        first = -(-(self.start_ns + shift_ns) // step_ns) * step_ns - shift_ns
        ticks = []
        for t_ns in range(first, self.end_ns, step_ns):
            x = self.x(t_ns)
            ticks.append(line(x, _TOP - 6, x, self.y))
            at = self.clockwork.at(t_ns)
            words = at.strftime("%H:%M:%S" if step_ns < 60 * NS_PER_S else "%H:%M")
            if step_ns >= 43_200 * NS_PER_S:
                words = at.strftime("%d.%m. %H:%M")
            ticks.append(text(x, _TOP - 10, words, size=9.5, anchor="middle", colour=MUTED))
        self.pieces[:0] = ticks

    def _step_ns(self) -> int:
        seconds = (self.end_ns - self.start_ns) / NS_PER_S
        fits = (s for s in _STEPS_S if seconds / s <= _MOST_TICKS)
        return next(fits, _STEPS_S[-1]) * NS_PER_S

    def alarms(self) -> None:
        loud = [a for a in self.scope.alarms if a.is_annunciated]
        if not loud:
            return
        rows = [p.value for p in PRIORITIES if any(a.alarm.priority is p for a in loud)]
        top = self.lane("Alarms", 14 + 14 * len(rows))
        for row, priority in enumerate(rows):
            y, last = top + 14 + 14 * row, -99.0
            self.pieces.append(
                text(_LEFT - 8, y + 3.5, priority, size=9, anchor="end", colour=MUTED)
            )
            own = [a for a in loud if a.alarm.priority.value == priority]
            for alarm in sorted(own, key=lambda a: a.raised_ns):
                x, end = self.x(alarm.raised_ns), self.x(alarm.returned_ns or self.end_ns)
                self.pieces.append(line(x, y, end, y, MUTED, 1.2, "" if alarm.acked_ns else "2 2"))
                if alarm.acked_ns:
                    seen = self.x(alarm.acked_ns)
                    self.pieces.append(line(seen, y - 4, seen, y + 4, INK, 1.4))
                if x - last >= _NEAR:
                    self.pieces.append(alarm_sign(x, y, priority))
                    last = x

    def incidents(self) -> None:
        shown = sorted(self.scope.incidents, key=lambda one: one.opened_ns)[:_MOST_ROWS]
        if not shown:
            return
        top = self.lane("Incidents", 10 + 20 * len(shown))
        for row, incident in enumerate(shown):
            y = top + 8 + 20 * row
            x, end = self.x(incident.opened_ns), self.x(incident.closed_ns or self.end_ns)
            self.pieces.append(box(x, y, end - x, 14, ACCENT, round_=2, opacity=0.22))
            self.pieces.append(line(x, y, x, y + 14, ACCENT, 2))
            if incident.closed_ns:
                self.pieces.append(line(end, y, end, y + 14, ACCENT, 2))
            for one in incident.departments:
                if one.taken_ns:
                    at = self.x(one.taken_ns)
                    self.pieces.append(polygon([(at, y), (at + 4, y - 4), (at - 4, y - 4)], ACCENT))
            near_end = x > WIDTH * 0.62
            anchor, at_x = ("end", x - 4) if near_end else ("start", x + 6)
            self.pieces.append(text(at_x, y + 10.5, incident.title[:70], size=9.5, anchor=anchor))

    def departments(self) -> None:
        commands: dict[str, list[Command]] = {}
        for command in self.scope.commands:
            commands.setdefault(command.issued_by.department, []).append(command)
        messages: dict[str, list[int]] = {}
        for message in self.scope.messages:
            messages.setdefault(message.by.department, []).append(message.t_ns)
        for department in sorted({*commands, *messages}):
            own = sorted(commands.get(department, ()), key=_begun)
            rows = _stacked([(self.x(_begun(c)), self.x(_end(c, self.end_ns))) for c in own])
            top = self.lane(department_text(department)[:15], 24 + _ROW * max(rows, default=0))
            drawn: set[tuple[int, int, bool]] = set()
            for command, row in zip(own, rows, strict=True):
                is_good = command.state is CommandState.VERIFIED
                spot = (row, round(self.x(_begun(command)) / _NEAR), is_good)
                if len(own) <= _MOST_DRAWN or spot not in drawn:
                    drawn.add(spot)
                    self._command(command, top + 10 + _ROW * row)
            y = self.y - 5
            for x in sorted({round(self.x(t_ns)) for t_ns in messages.get(department, ())}):
                self.pieces.append(line(x, y - 5, x, y, MUTED, 1.6))

    def _command(self, command: Command, y: float) -> None:
        x, end = self.x(_begun(command)), self.x(_end(command, self.end_ns))
        self.pieces.append(line(x, y, end, y, INK, 1.4))
        self.pieces.append(circle(x, y, 3.2, "#FFFFFF", INK, 1.4))
        granted = command.approval.grants if command.approval else ()
        for grant in granted:
            at = self.x(grant.t_ns)
            self.pieces.append(polygon([(at - 4, y), (at, y - 4), (at + 4, y), (at, y + 4)],
                                       "#FFFFFF", ACCENT))  # fmt: skip
        if command.state is CommandState.VERIFIED:
            self.pieces.append(circle(end, y, 3.6, INK))
        elif command.is_terminal:
            self.pieces.append(line(end - 3.5, y - 3.5, end + 3.5, y + 3.5, BAD, 1.8))
            self.pieces.append(line(end - 3.5, y + 3.5, end + 3.5, y - 3.5, BAD, 1.8))

    def legend(self) -> None:
        y, x = self.y + 16, 4.0
        self.pieces.append(line(0, self.y, WIDTH, self.y))
        signs: list[tuple[str, float, str]] = []
        signs.append((line(0, -4, 0, 4, INK, 1.4), 6, "acknowledged"))
        signs.append((polygon([(0, 2), (4, -3), (-4, -3)], ACCENT), 8, "department joined"))
        signs.append((circle(0, 0, 3.2, "#FFFFFF", INK, 1.4), 8, "command ordered"))
        signs.append(
            (polygon([(-4, 0), (0, -4), (4, 0), (0, 4)], "#FFFFFF", ACCENT), 8, "approved")
        )
        signs.append((circle(0, 0, 3.6, INK), 8, "effect verified"))
        cross = line(-3.5, -3.5, 3.5, 3.5, BAD, 1.8) + line(-3.5, 3.5, 3.5, -3.5, BAD, 1.8)
        signs.append((cross, 8, "ended otherwise"))
        signs.append((line(0, -4, 0, 2, MUTED, 1.6), 6, "message"))
        for sign, width, words in signs:
            self.pieces.append(f'<g transform="translate({x + 5:.1f} {y - 3:.1f})">{sign}</g>')
            self.pieces.append(text(x + 5 + width, y, words, size=9, colour=MUTED))
            x += 5 + width + 5.1 * len(words) + 14
        self.y = y + 10


def timeline(scope: Scope, clockwork: Clockwork) -> Picture:
    """The timeline of a scope."""
    drawn = _Timeline(scope, clockwork)
    drawn.alarms()
    drawn.incidents()
    drawn.departments()
    drawn.axis()
    drawn.legend()
    n = (len(scope.alarms), len(scope.incidents), len(scope.commands), len(scope.messages))
    alt = (
        f"Timeline from {clockwork.moment(scope.start_ns)} to {clockwork.moment(scope.end_ns)}:"
        f" {n[0]} alarms, {n[1]} incidents, {n[2]} commands and {n[3]} messages, by department."
        " The tables below say the same in words."
    )
    svg = drawing(WIDTH, drawn.y, drawn.pieces, alt)
    caption = f"What happened when; times are in {clockwork.name(scope.start_ns)}"
    return Picture(caption=caption, alt=alt, size=(round(WIDTH), round(drawn.y)), svg=svg)


def _begun(command: Command) -> int:
    return min(command.times_ns.values(), default=command.moved_ns)


def _end(command: Command, end_ns: int) -> int:
    if not command.is_terminal:
        return end_ns
    return command.times_ns.get(command.state.value, command.moved_ns)


def _stacked(spans: list[tuple[float, float]]) -> list[int]:
    """A row for each span, so that those that overlap do not share one (as far as rows last)."""
    ends: list[float] = []
    rows = []
    for start, end in spans:
        free = next((row for row, till in enumerate(ends) if till < start - 8), None)
        if free is None:
            free = len(ends) if len(ends) < _MOST_ROWS else ends.index(min(ends))
            if free == len(ends):
                ends.append(end)
        ends[free] = max(end, ends[free])
        rows.append(free)
    return rows
