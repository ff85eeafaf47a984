"""Puts a report together from what was found: the order in which an inquiry reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twin.hub.hall import person
from twin.reporting import plan_tables, tables
from twin.reporting.alarm_figures import AlarmFigures, alarm_figures
from twin.reporting.chronicle import Chronicle
from twin.reporting.deviations import deviations
from twin.reporting.document import Block, FactList, Paragraph, Picture, Report, Section
from twin.reporting.known import MOST_MOMENTS, PastValues
from twin.reporting.map_svg import plan
from twin.reporting.phases import PhaseTime, phase_times
from twin.reporting.places import Place
from twin.reporting.scope import Scope
from twin.reporting.source import Source
from twin.reporting.timeline_svg import timeline
from twin.reporting.words import Clockwork, department_text, span_text
from twin.room.model import CommandState
from twin.room.parts.incidents import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything a report is composed of.

    Attributes
    ----------
    known : event number of a decision -> what was known then
    pictures : of the city, () where it could not be drawn; then `why_none` says why
    """

    source: Source
    chronicle: Chronicle
    scope: Scope
    clockwork: Clockwork
    version: str
    made_ns: int
    past: PastValues | None = None
    places: tuple[Place, ...] = ()
    known: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    why_none: str = ""

    @property
    def n_operators(self) -> float:
        """How many operators were there on average over the span."""
        start_ns, end_ns = self.scope.start_ns, self.scope.end_ns
        there = sum(
            max(min(one.to_ns or end_ns, end_ns) - max(one.from_ns, start_ns), 0)
            for one in self.chronicle.people
        )
        return there / max(end_ns - start_ns, 1)

    @property
    def phases(self) -> tuple[PhaseTime, ...]:
        """Times per phase and department."""
        return phase_times(self.scope, self.chronicle)

    @property
    def figures(self) -> AlarmFigures:
        """Of the alarms."""
        scope = self.scope
        return alarm_figures(scope.alarms, scope.start_ns, scope.end_ns, self.n_operators)


def compose(found: Findings) -> Report:
    """The report."""
    scope, clockwork, source = found.scope, found.clockwork, found.source
    title = scope.incident.title if scope.incident else source.scene or "The operations room"
    where = source.scene if scope.incident else ""
    when = clockwork.span(scope.start_ns, scope.end_ns)
    sections = (
        _summary(found), _missing(found), _when(found), _where(found), _times(found),
        _incidents(found), _decisions(found), _commands(found), _alarms(found), _plan(found),
        _messages(found), _people(found), _log(found),
    )  # fmt: skip
    return Report(
        title=f"After-action report: {title}",
        subtitle=", ".join(filter(None, (where, when))),
        notice="Drill: nothing of it was real" if source.is_drill else "",
        head=_head(found),
        sections=tuple(one for one in sections if one is not None),
    )


def _head(found: Findings) -> FactList:
    scope, clockwork = found.scope, found.clockwork
    rows = [
        ("What", scope.incident.title if scope.incident else "Everything in the room"),
        ("Place", found.source.scene or "Not named by the log"),
        ("Time", clockwork.span(scope.start_ns, scope.end_ns)),
        ("Length", span_text(scope.seconds)),
        ("All times are in", clockwork.name(scope.start_ns)),
        ("Made from", f"{found.source.kind.capitalize()} {found.source.name}, facts"
                      f" {found.chronicle.first_seq:,} to {found.chronicle.last_seq:,}"),
        ("Made", f"{clockwork.moment(found.made_ns)} by Civitwin {found.version}"),
    ]  # fmt: skip
    if scope.incident is not None:
        one = scope.incident
        rows[1:1] = [
            ("Kind, severity", f"{one.kind}, {one.severity.value}"),
            ("Commander", person(one.commander) if one.commander else "Nobody took command"),
            ("Ended", one.cause if one.closed_ns else "Still open at the end of the log"),
        ]
    return FactList(tuple(rows))


def _summary(found: Findings) -> Section:
    scope, figures = found.scope, found.figures
    ended = [one.state for one in scope.commands]
    verified = ended.count(CommandState.VERIFIED)
    over = sum(one.is_terminal for one in scope.commands)
    glass = sum(one.kind == "glass" for one in scope.decisions)
    off = deviations(scope.incidents, scope.tasks, scope.end_ns, scope.runs)
    seen = "all were acknowledged"
    if figures.n_unacked:
        seen = f"{_count(figures.n_unacked, 'alarm')} nobody acknowledged"
    n_open = len(scope.commands) - over
    sentences = [
        f"{_count(figures.n_raised, 'alarm')} came, {figures.by_priority['critical']} of them"
        f" critical; {seen if figures.n_raised else 'there was nothing to acknowledge'}.",
        f"Of {_count(len(scope.commands), 'command')} {verified} had the effect that was to be"
        f" observed, {over - verified} ended otherwise, {n_open} were not over.",
    ]
    if glass:
        sentences.append(f"{_count(glass, 'command')} went without approval (broken glass).")
    if off:
        sentences.append(f"{_count(len(off), 'deviation')} from the plan: see “Plan and done”.")
    return Section("In short", (Paragraph(" ".join(sentences)),))


def _missing(found: Findings) -> Section | None:
    said = [*found.source.missing, *found.chronicle.missing]
    if not said:
        return None
    blocks = tuple(Paragraph(one if one.endswith(".") else f"{one}.", True) for one in said)
    first = Paragraph("The log is not complete. What is told here is whole; this is missing:")
    return Section("What is missing", (first, *blocks))


def _when(found: Findings) -> Section:
    return Section("Timeline", (timeline(found.scope, found.clockwork),))


def _where(found: Findings) -> Section:
    blocks: list[Block] = list(found.pictures)
    if found.why_none:
        blocks.append(Paragraph(f"No picture of the city: {found.why_none}"))
    drawn = _drawn_plan(found)
    if drawn is not None:
        blocks.append(drawn)
    elif not found.pictures:
        blocks.append(Paragraph("The log names no place of what happened."))
    blocks.append(tables.place_table(found.places, found.clockwork))
    return Section("Where", tuple(blocks))


def _drawn_plan(found: Findings) -> Picture | None:
    dots, paths = np.zeros((0, 3), np.float32), []
    if found.past is not None:
        xyz = found.past.store.xyz_local_m
        dots = xyz[np.isfinite(xyz).all(axis=1)]
        ids = [one.id for one in found.past.store.things.values() if one.path]
        paths = [found.past.store.path_local_m(one) for one in ids[:5_000]]
    caption = "Plan from the positions that the log holds, north up; numbers as in the table"
    return plan(found.places, found.scope.incidents, dots, paths, caption)


def _times(found: Findings) -> Section:
    return Section("Times per phase and department", (tables.phase_table(found.phases),))


def _incidents(found: Findings) -> Section | None:
    scope, clockwork = found.scope, found.clockwork
    if not scope.incidents:
        return None
    blocks: list[Block] = []
    for one in scope.incidents:
        units = [unit for unit in found.chronicle.units.values() if unit.incident == one.id]
        blocks += [
            _about(one, clockwork),
            plan_tables.department_table(one, scope.end_ns, clockwork),
            plan_tables.unit_table(units, one, clockwork),
        ]
    return Section("Incidents", tuple(blocks))


def _about(one: Incident, clockwork: Clockwork) -> FactList:
    closed = ""
    if one.closed_ns:
        by = f" by {person(one.closed_by)}" if one.closed_by else ""
        closed = f"{clockwork.moment(one.closed_ns)}{by}: {one.cause}"
    rows = [
        ("Incident", f"{one.title} ({one.kind}, {one.severity.value})"),
        ("Opened", f"{clockwork.moment(one.opened_ns)} by {person(one.opened_by)}"),
        ("Commander", person(one.commander) if one.commander else "Nobody"),
        ("Playbook", one.playbook or "None"),
        ("Objectives", "\n".join(one.objectives) or "None were set"),
        ("Attachments", "\n".join(one.attachments)),
        ("Closed", closed or "Not closed"),
        ("Id", one.id),
    ]
    return FactList(tuple((name, text) for name, text in rows if text))


def _decisions(found: Findings) -> Section:
    scope = found.scope
    table = tables.decision_table(scope.decisions, found.known, found.clockwork)
    blocks: list[Block] = [table]
    if found.past is None:
        said = (
            "The log holds no samples, so what was known is told from the facts alone: values that"
            " commands and alarms carry. A recording tells what the consoles showed."
        )
        blocks.insert(0, Paragraph(said))
    elif len(scope.decisions) > MOST_MOMENTS:
        blocks.insert(0, Paragraph(f"Values are told of the first {MOST_MOMENTS} decisions."))
    return Section("Decisions, and what was known", tuple(blocks))


def _commands(found: Findings) -> Section:
    return Section("Commands", (tables.command_table(found.scope.commands, found.clockwork),))


def _alarms(found: Findings) -> Section:
    scope = found.scope
    blocks: list[Block] = [
        tables.figures_table(found.figures, found.clockwork),
        tables.alarm_table(scope.alarms, found.clockwork),
    ]
    if scope.remark:
        blocks.insert(0, Paragraph(scope.remark))
    return Section("Alarms", tuple(blocks))


def _plan(found: Findings) -> Section:
    scope = found.scope
    off = deviations(scope.incidents, scope.tasks, scope.end_ns, scope.runs)
    by_id = {task.id: task for task in scope.tasks}
    others = [task for task in scope.tasks if not task.step or "/" not in task.id]
    blocks: list[Block] = [plan_tables.deviation_table(off, found.clockwork)]
    blocks += [plan_tables.run_table(run, by_id, found.clockwork) for run in scope.runs]
    if others or not scope.runs:
        blocks.append(plan_tables.task_table(others, found.clockwork))
    return Section("Plan and done", tuple(blocks))


def _messages(found: Findings) -> Section:
    titles = {one.id: one.title for one in found.chronicle.incidents.values()}
    scope = found.scope
    table = tables.message_table(scope.messages, scope.lines, titles, found.clockwork)
    return Section("Messages", (table,))


def _people(found: Findings) -> Section:
    scope = found.scope
    there = [
        one
        for one in found.chronicle.people
        if one.from_ns <= scope.end_ns and not 0 < one.to_ns < scope.start_ns
    ]
    departments = sorted({department_text(one.operator.department) for one in there})
    said = Paragraph(f"Departments: {', '.join(departments)}.") if departments else None
    table = tables.people_table(there, found.clockwork, scope.end_ns)
    return Section("Who was there", (table,) if said is None else (said, table))


def _log(found: Findings) -> Section:
    chronicle, source = found.chronicle, found.source
    agreed = chronicle.agreement
    first, last = chronicle.first_seq, chronicle.last_seq
    told = _agreement(agreed.n_agreed, agreed.agreed_seq, agreed.differs_seq)
    rows = [
        *source.checks,
        ("Epoch of the journal", source.epoch or "Not told"),
        ("Facts", f"{chronicle.n_events:,}, numbers {first:,} to {last:,}"),
        (f"Fingerprint of the room after fact {last:,}",
         chronicle.state_hash or "Not stated: facts before it are missing"),
        ("Fingerprints of the hub", told),
    ]  # fmt: skip
    said = Paragraph(
        "With these numbers anybody can check that the log this report was made from is the one"
        " they have, and that it is as it was written. The fingerprint is what every console of the"
        " room showed after that fact."
    )
    return Section("The log, to check this report by", (said, FactList(tuple(rows))))


def _agreement(n_agreed: int, agreed_seq: int, differs_seq: int) -> str:
    if differs_seq:
        return f"The hub told another one after fact {differs_seq:,}; was it of another version?"
    if not n_agreed:
        return "The log holds none to compare with"
    return f"{n_agreed:,} agree, the last one after fact {agreed_seq:,}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
