"""Reports: every figure against the facts it was made from."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.twin.hub_bench import room_of
from tests.twin.reports import FloodRun, flood_run, journalled, recorded
from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.journal.verify import chain_of, genesis
from twin.reporting.composing import Findings, compose
from twin.reporting.document import Picture, Table
from twin.reporting.html import html_of
from twin.reporting.making import ReportOptions, find
from twin.reporting.words import span_text


@pytest.fixture(scope="module")
def run() -> FloodRun:
    return flood_run()


@pytest.fixture(scope="module")
def path(run: FloodRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report") / "run.mcap"
    recorded(made, run)
    return made


@pytest.fixture(scope="module")
def whole(path: Path) -> Findings:
    return find(ReportOptions(where=str(path)))


@pytest.fixture(scope="module")
def incident(path: Path) -> Findings:
    return find(ReportOptions(where=str(path), incident="Water in Quay Street"))


def phase(found: Findings, name: str, department: str = "") -> tuple[int, int, float | None]:
    """n, missing, median in whole seconds."""
    one = next(p for p in found.phases if p.phase.startswith(name) and p.department == department)
    return one.n, one.n_missing, None if one.median_s is None else round(one.median_s, 1)


def test_times_of_phases_are_those_of_the_facts(incident: Findings, run: FloodRun) -> None:
    assert phase(incident, "Alarm raised → acknowledged", "water") == (1, 1, 20.0)
    assert phase(incident, "First alarm → incident opened", "control_room") == (1, 0, 30.0)
    assert phase(incident, "Department asked → joined") == (2, 1, 20.0)
    assert phase(incident, "Department asked → joined", "fire") == (1, 0, 30.0)
    assert phase(incident, "Department asked → joined", "police") == (0, 1, None)
    assert phase(incident, "Incident opened → all departments joined") == (0, 1, None)
    assert phase(incident, "Incident opened → first unit assigned") == (1, 0, 32.0)
    assert phase(incident, "First unit assigned → first on scene") == (1, 0, 150.0)
    assert phase(incident, "Incident opened → first command", "water") == (1, 0, 40.0)
    assert phase(incident, "Approval asked → given or denied") == (3, 0, 15.0)
    assert phase(incident, "Command ordered → sent", "water") == (2, 1, 17.5)
    assert phase(incident, "Command accepted → effect verified", "water") == (2, 0, 5.0)
    assert phase(incident, "Incident opened → closed") == (1, 0, 260.0)
    times = incident.chronicle.commands[run.approved].times_ns
    longest = next(p for p in incident.phases if p.phase.startswith("Command ordered → effect"))
    assert longest.longest_s == (times["VERIFIED"] - times["SUBMITTED"]) / NS_PER_S
    assert "opening 60 %" in longest.longest_what


def test_an_incident_has_what_belongs_to_it(incident: Findings, run: FloodRun) -> None:
    scope = incident.scope
    assert {one.request.id for one in scope.commands} == {run.denied, run.glass, run.approved}
    assert {line.alarm.id for line in scope.alarms} == {"level", "rain"}
    assert [m.text for m in scope.messages] == ["Divers are in the lock"]
    assert [line.text for line in scope.lines] == ["The street is dry"]
    assert scope.start_ns == run.start_ns + 10 * NS_PER_S
    assert scope.end_ns == run.start_ns + 300 * NS_PER_S


def test_decisions_say_who_why_and_what_was_known_then(incident: Findings, run: FloodRun) -> None:
    told = {(one.kind, one.command): one for one in incident.scope.decisions}
    denied, glass = told["denied", run.denied], told["glass", run.glass]
    approved = told["approved", run.approved]
    assert (denied.who, denied.why) == ("Ben (fire)", "Divers are in the lock")
    assert (glass.who, glass.why) == ("Lea (control room)", "Cellars are filling, divers are out")
    assert (approved.department, approved.why) == ("fire", "Divers are out")
    known = "\n".join(incident.known[denied.seq])
    assert "Quay gauge, water level 2.095 m" in known
    assert "gate opening 0 %" in known
    assert "1 critical, 1 low (1 not acknowledged)" in known
    assert "Ben (fire) had written: “Divers are in the lock”" in known
    assert "Gates change the water for everybody" in known
    later = "\n".join(incident.known[approved.seq])
    assert "gate opening 35 %" in later
    assert "Quay gauge, water level 2.185 m" in later
    skipped = next(one for one in incident.scope.decisions if one.kind == "task")
    assert (skipped.about, skipped.why) == ("Call the divers", "They were there")
    closed = incident.scope.decisions[-1]
    assert (closed.what, closed.about) == ("Closed the incident", "Water in Quay Street")
    assert closed.why == "A cloudburst; the gate stood shut"


def test_alarm_figures_are_counted_from_the_facts(whole: Findings) -> None:
    figures = whole.figures
    assert (figures.n_raised, figures.n_unacked, figures.peak) == (2, 1, 2)
    assert figures.by_priority == {"critical": 1, "high": 0, "medium": 0, "low": 1}
    assert (figures.ack_median_s, figures.most_standing) == (20.0, 2)
    assert figures.n_floods == 0
    assert figures.rate_per_operator == pytest.approx(2 / 3)


def test_the_log_can_be_checked_by_the_report(whole: Findings, run: FloodRun) -> None:
    room = room_of(run.events)
    assert whole.chronicle.state_hash == room.state_hash()
    assert whole.chronicle.agreement.agreed_seq == run.events[-1].seq
    assert not whole.chronicle.agreement.differs_seq
    assert not whole.chronicle.missing
    assert not whole.source.missing
    page = html_of(compose(whole))
    assert room.state_hash() in page
    assert "chunks are as they were written" in page


def test_a_journal_gives_the_same_without_values(
    run: FloodRun, incident: Findings, tmp_path: Path
) -> None:
    path = tmp_path / "j.sqlite"
    journalled(path, run)
    found = find(ReportOptions(where=str(path), incident="i1"))
    assert found.phases == incident.phases
    assert found.chronicle.state_hash == incident.chronicle.state_hash
    denied = next(one for one in found.scope.decisions if one.kind == "denied")
    assert not any("water level" in line for line in found.known[denied.seq])
    page = html_of(compose(found))
    assert "The log holds no samples" in page
    chain = genesis(found.source.epoch)
    assert found.chronicle.n_events == len(run.events)
    assert chain.hex() not in page
    assert re.search(rf"fact {run.events[-1].seq}: [0-9a-f]{{64}}", page)
    assert callable(chain_of)


def test_deviations_are_told(incident: Findings) -> None:
    page = html_of(compose(incident))
    assert "Skipped by Ben (fire): They were there" in page
    assert "Done by Ben (fire) 30 s late" in page
    assert "Police was asked to join" in page
    assert "Nobody there has answered for 4 min 20 s" in page


def test_each_unit_is_told_with_its_times(incident: Findings) -> None:
    tables = [one for one in compose(incident).blocks() if isinstance(one, Table)]
    units = next(one for one in tables if one.caption.startswith("Units of"))
    assert units.rows == (("Engine 1", "08:54:32", "–", "08:57:02", "–"),)


def test_a_drill_says_so_on_its_face(incident: Findings) -> None:
    drill = replace(incident, source=replace(incident.source, is_drill=True))
    assert "Drill: nothing of it was real" in html_of(compose(drill))


def test_a_span_leaves_out_what_lies_beside_it(path: Path, run: FloodRun) -> None:
    def moved(seconds: int):
        return lambda first, _last: first + seconds * NS_PER_S

    found = find(ReportOptions(where=str(path), start=moved(100), end=moved(150)))
    kinds = [one.kind for one in found.scope.decisions]
    assert kinds == ["ordered", "glass"]
    assert {one.request.id for one in found.scope.commands} == {run.glass}
    with pytest.raises(TwinError, match="--from must be before --to"):
        find(ReportOptions(where=str(path), start=moved(150), end=moved(100)))
    with pytest.raises(TwinError, match="holds nothing of that span; it goes from 9 October"):
        find(ReportOptions(where=str(path), start=moved(5_000), end=moved(6_000)))


def test_an_unknown_incident_is_named_with_those_that_are_there(path: Path) -> None:
    with pytest.raises(TwinError, match="did you mean “Water in Quay Street”") as told:
        find(ReportOptions(where=str(path), incident="Water in Key Street"))
    assert "\n" not in str(told.value)


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if tag in ("script", "link", "iframe"):
            self.bad.append(tag)
        for name in ("src", "href"):
            value = given.get(name) or ""
            if value and not value.startswith(("#", "data:")):
                self.bad.append(value)
        if tag == "a":
            self.links.append(str(given.get("href")).lstrip("#"))
        if given.get("id"):
            self.anchors.append(str(given["id"]))


def test_the_page_stands_alone_and_can_be_read_without_eyes(incident: Findings) -> None:
    report = compose(incident)
    outline = _Outline()
    outline.feed(html_of(report))
    assert not outline.bad
    assert outline.headings == ["h1", *(["h2"] * len(report.sections))]
    assert set(outline.links) <= set(outline.anchors)
    pictures = [block for block in report.blocks() if isinstance(block, Picture)]
    assert len(pictures) == 2
    for picture in pictures:
        assert len(picture.alt) > 20
        assert ET.fromstring(picture.svg).get("aria-label") == picture.alt
    for block in report.blocks():
        if isinstance(block, Table):
            assert all(len(row) == len(block.columns) for row in block.rows)


def test_what_people_wrote_is_text_and_never_markup(path: Path, run: FloodRun) -> None:
    found = find(ReportOptions(where=str(path)))
    line = found.scope.lines[0]
    spoilt = line.__class__(line.seq, line.t_ns, "<b>Eve</b>", "<script>alert(1)</script>", "i1")
    scope = found.scope.__class__(
        **{name: getattr(found.scope, name) for name in found.scope.__slots__}
        | {"lines": (spoilt,)}
    )
    spoilt_found = found.__class__(
        **{name: getattr(found, name) for name in found.__slots__} | {"scope": scope}
    )
    page = html_of(compose(spoilt_found))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (42, "42 s"), (185, "3 min 05 s"), (3_840, "1 h 04 min"),
     (183_600, "2 days 3 h"), (-5, "−5.0 s")],
)  # fmt: skip
def test_spans_read_well(seconds: float, text: str) -> None:
    assert span_text(seconds) == text
