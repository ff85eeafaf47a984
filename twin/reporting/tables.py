"""The tables of a report. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.clock import NS_PER_S
from twin.hub.hall import person
from twin.reporting.alarm_figures import AlarmFigures
from twin.reporting.chronicle import AlarmLine, LogLine, Presence
from twin.reporting.decisions import Decision
from twin.reporting.document import Column, Table
from twin.reporting.phases import PhaseTime
from twin.reporting.places import Place
from twin.reporting.words import (
    PRIORITY_SIGNS,
    Clockwork,
    ask_text,
    capital,
    department_text,
    span_text,
    value_text,
)
from twin.room.model import Command, CommandState
from twin.room.parts.messages import Message

#: Longer tables are cut, and say so: nobody reads ten thousand rows on paper.
MOST_ROWS = 500
_STEPS = (
    (CommandState.SUBMITTED, "ordered"), (CommandState.AWAITING_APPROVAL, "approval asked"),
    (CommandState.QUEUED, "queued"), (CommandState.SENT, "sent"),
    (CommandState.ACCEPTED, "accepted"), (CommandState.EXECUTING, "under way"),
)  # fmt: skip
#: A yes stands behind the asking and before the queue.
_YES_ORDER = 1.5


def phase_table(phases: Sequence[PhaseTime]) -> Table:
    """Times per phase and department."""
    rows = [
        (
            "" if one.phase == before else one.phase,
            department_text(one.department) if one.department else "All",
            str(one.n) if not one.n_missing else f"{one.n} of {one.n + one.n_missing}",
            "–" if one.median_s is None else span_text(one.median_s),
            "–" if one.longest_s is None else span_text(one.longest_s),
            one.longest_what,
        )
        for one, before in zip(phases, ["", *(p.phase for p in phases)], strict=False)
    ]
    columns = (
        Column("Phase", 2.3), Column("Department", 1.2), Column("Times", 0.8, "right"),
        Column("Median", 1.0, "right"), Column("Longest", 1.0, "right"),
        Column("Which one took longest", 2.9),
    )  # fmt: skip
    return Table(
        caption="Times per phase, over all and by department. “3 of 4”: one has not got that far.",
        columns=columns, rows=tuple(rows), empty="Nothing happened that takes time",
    )  # fmt: skip


def alarm_table(lines: Sequence[AlarmLine], clockwork: Clockwork) -> Table:
    """All alarms by time."""
    rows = []
    for line in sorted(lines, key=lambda one: one.raised_ns)[:MOST_ROWS]:
        alarm = line.alarm
        again = f"\ncame {line.n_raised} times" if line.again_ns else ""
        seen = clockwork.time(line.acked_ns)
        if line.acked_ns:
            by = f"\n{person(line.acked_by)}" if line.acked_by else ""
            took = (line.acked_ns - line.raised_ns) / NS_PER_S
            seen += f"\nafter {span_text(took)}{by}" if line.raised_ns else by
        quiet = "" if line.is_annunciated else f"\nnot sounded ({_why_quiet(line)})"
        rows.append((
            clockwork.time(line.raised_ns) if line.raised_ns else "before the log",
            f"{PRIORITY_SIGNS.get(alarm.priority.value, '')} {alarm.priority.value}",
            "\n".join(filter(None, (alarm.thing_name, alarm.title + again + quiet))),
            alarm.value_text or "–", department_text(alarm.department), seen,
            clockwork.time(line.returned_ns) if line.returned_ns else "stands",
        ))  # fmt: skip
    columns = (
        Column("Raised", 0.95), Column("Priority", 1.0), Column("What", 2.6),
        Column("Value", 1.1), Column("Department", 1.2), Column("Acknowledged", 1.7),
        Column("Normal", 0.9),
    )  # fmt: skip
    caption = cut_caption("Alarms by the time they came", len(lines))
    return Table(caption=caption, columns=columns, rows=tuple(rows), empty="No alarm came")


def _why_quiet(line: AlarmLine) -> str:
    alarm = line.alarm
    if alarm.suppressed_by:
        return f"suppressed: {alarm.suppressed_by}"
    return "out of service" if alarm.is_out_of_service else f"shelved: {alarm.shelve_reason}"


def figures_table(figures: AlarmFigures, clockwork: Clockwork) -> Table:
    """EEMUA 191, with what that publication calls acceptable beside it."""
    shares = {
        name: f"{n} ({n / figures.n_raised:.0%})" if figures.n_raised else "0"
        for name, n in figures.by_priority.items()
    }
    often = "\n".join(f"{n} × {name}" for name, n in figures.bad_actors)
    few = figures.n_raised < 100
    rows = [
        ("Alarms that came", f"{figures.n_raised:,}", ""),
        ("In ten minutes, on average", f"{figures.rate:.1f}", ""),
        ("The same for each operator", f"{figures.rate_per_operator:.1f}", "at most 1"),
        ("Most in ten minutes", f"{figures.peak:,}" + (
            f", from {clockwork.time(figures.peak_ns)}" if figures.peak else ""), "at most 10"),
        ("Share of the time in a flood", f"{figures.flood_share:.0%}"
         f" ({figures.n_floods} floods)", "under 1 %"),
        ("Priorities", ", ".join(f"{name} {text}" for name, text in shares.items()),
         "few critical, most low" + (" (too few here to judge)" if few else "")),
        ("Acknowledged after, median and longest", "–" if figures.ack_median_s is None else
         f"{span_text(figures.ack_median_s)}, {span_text(figures.ack_longest_s or 0.0)}", ""),
        ("Never acknowledged", f"{figures.n_unacked:,}", "0"),
        ("Most that stood at once", f"{figures.most_standing:,}" + (
            f", at {clockwork.time(figures.standing_ns)}" if figures.most_standing else ""),
         "under 10"),
        ("Came three times in a minute", _names(figures.chattering), "none"),
        ("Stood for over a day", _names(figures.stale), "none"),
        ("Came most often", often or "–", ""),
        ("Came while suppressed, shelved or out of service", f"{figures.n_suppressed:,}", ""),
    ]  # fmt: skip
    columns = (Column("Figure", 2.2), Column("Here", 2.6), Column("Acceptable", 1.3))
    return Table(
        caption="Figures after EEMUA 191. Only alarms that sounded count; a flood begins with more"
        " than ten in ten minutes for each operator.",
        columns=columns, rows=tuple(rows),
    )  # fmt: skip


def _names(names: Sequence[str]) -> str:
    more = f"\nand {len(names) - 10} more" if len(names) > 10 else ""
    return "\n".join(names[:10]) + more or "None"


def decision_table(
    decisions: Sequence[Decision], known: Mapping[int, tuple[str, ...]], clockwork: Clockwork
) -> Table:
    """Who decided what and why, and what was known then."""
    rows = [
        (
            f"{clockwork.time(one.t_ns)}\nfact {one.seq:,}",
            one.who,
            "\n".join(filter(None, (one.what, one.about))),
            one.why or "–",
            "\n".join(known.get(one.seq, ())) or "–",
        )
        for one in decisions[:MOST_ROWS]
    ]
    columns = (
        Column("When", 0.9), Column("Who", 1.1), Column("Decided", 2.0), Column("Why", 1.5),
        Column("What was known then", 3.5),
    )  # fmt: skip
    caption = cut_caption("Decisions, and what was known when they were taken", len(decisions))
    empty = "Nobody decided anything that the log holds"
    return Table(caption=caption, columns=columns, rows=tuple(rows), empty=empty)


def command_table(commands: Sequence[Command], clockwork: Clockwork) -> Table:
    """Commands with their clocks."""
    rows = []
    for one in sorted(commands, key=_begun)[:MOST_ROWS]:
        begun = _begun(one)
        clocks = [
            (one.times_ns[state.value], float(order), name)
            for order, (state, name) in enumerate(_STEPS)
            if state.value in one.times_ns
        ]
        grants = one.approval.grants if one.approval else ()
        clocks += [(g.t_ns, _YES_ORDER, f"yes of {person(g.by)}") for g in grants]
        clock = "\n".join(f"{clockwork.time(t_ns)} {name}" for t_ns, _, name in sorted(clocks))
        ended = one.times_ns.get(one.state.value, one.moved_ns)
        end = one.state.value.lower().replace("_", " ").capitalize()
        if one.is_terminal:
            end += f"\n{clockwork.time(ended)}, after {span_text((ended - begun) / NS_PER_S)}"
        seen = "" if one.observed is None else f"Observed {value_text(one.observed)}"
        why = "" if one.state is CommandState.VERIFIED else one.state_text
        rows.append((
            ask_text(one.request), person(one.issued_by), clock, end,
            "\n".join(filter(None, (capital(one.effect_text), seen, capital(why)))) or "–",
        ))  # fmt: skip
    columns = (
        Column("Command", 2.2), Column("Ordered by", 1.2), Column("Clock", 1.9),
        Column("Ended", 1.4), Column("Effect", 2.2),
    )  # fmt: skip
    caption = cut_caption("Commands with their clocks", len(commands))
    return Table(caption=caption, columns=columns, rows=tuple(rows), empty="No command was given")


def message_table(
    messages: Sequence[Message], lines: Sequence[LogLine], titles: Mapping[str, str],
    clockwork: Clockwork,
) -> Table:  # fmt: skip
    """What people wrote to each other and into logs."""
    said = [(m.t_ns, m.seq, person(m.by), _channel(m.channel, titles), m.text) for m in messages]
    said += [(one.t_ns, one.seq, one.who, _log_of(one, titles), one.text) for one in lines]
    rows = tuple(
        (clockwork.time(t_ns), who, where, text)
        for t_ns, _, who, where, text in sorted(said)[:MOST_ROWS]
    )
    columns = (Column("When", 0.9), Column("Who", 1.5), Column("Where", 1.6), Column("Text", 4.6))
    return Table(
        caption=cut_caption("Messages, log lines and notes", len(said)), columns=columns,
        rows=rows, empty="Nobody wrote anything",
    )  # fmt: skip


def people_table(people: Sequence[Presence], clockwork: Clockwork, end_ns: int) -> Table:
    """Who was there."""
    rows = tuple(
        (
            person(one.operator), one.operator.person or "not logged in",
            clockwork.time(one.from_ns) if one.from_ns else "before the log",
            clockwork.time(one.to_ns) if 0 < one.to_ns <= end_ns else "stayed",
        )
        for one in people[:MOST_ROWS]
    )  # fmt: skip
    columns = (Column("Who", 2.0), Column("Person", 1.4), Column("From", 1.0), Column("Until", 1.0))
    caption = cut_caption("Who was there", len(people))
    return Table(caption=caption, columns=columns, rows=rows, empty="Nobody")


def place_table(places: Sequence[Place], clockwork: Clockwork) -> Table:
    """What the numbers on the plan and in the pictures are."""
    rows = tuple(
        (
            str(one.number), one.name, clockwork.time(one.since_ns), "\n".join(one.why[:4]),
            f"{one.xyz[0]:,.0f}, {one.xyz[1]:,.0f}" if one.xyz else "not known",
        )
        for one in places
    )  # fmt: skip
    columns = (
        Column("No.", 0.4, "right"), Column("Name", 2.2), Column("From", 0.9),
        Column("What happened to it", 3.4), Column("East, north (m)", 1.3),
    )  # fmt: skip
    return Table(caption="Places, numbered by time", columns=columns, rows=rows, empty="None")


def _channel(channel: str, titles: Mapping[str, str]) -> str:
    kind, _, name = channel.partition(":")
    if kind == "incident":
        return f"Incident {titles.get(name, name)}"
    return department_text(name) if kind == "department" else "Everybody"


def _log_of(line: LogLine, titles: Mapping[str, str]) -> str:
    return f"Log of {titles.get(line.incident, line.incident)}" if line.incident else "Note"


def cut_caption(text: str, n: int) -> str:
    """The caption of a table, with what is left out of it."""
    return f"{text} (the first {MOST_ROWS:,} of {n:,})" if n > MOST_ROWS else text


def _begun(command: Command) -> int:
    return min(command.times_ns.values(), default=command.moved_ns)
