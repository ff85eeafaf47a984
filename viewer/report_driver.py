"""“Make a report…”: of the recording that is shown, or of what a live console remembers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from twin.clock import NS_PER_S
from twin.playback.tape import Tape
from twin.recording.form import EVENT, ROOM
from twin.recording.reading import Recording
from twin.recording.writing import RecordingWriter
from twin.reporting.errors import ReportError
from twin.reporting.words import span_text
from twin.room.parts.incidents import Incidents
from twin.session import TwinSession
from viewer.city_source import CitySource
from viewer.export_child import run_drawing
from widgets.actions import Action, ActionTable
from widgets.bridge import JobProgress
from widgets.export_dialog import ExportChoice, ExportForm, Format

_FORMATS = (Format("PDF, to print and file", ".pdf"), Format("Web page", ".html"))


class Saver(Protocol):
    """Asks for a file and has the work done as a job: `viewer.exports.ExportDriver`."""

    def ask(self, form: ExportForm, chosen: Callable[[ExportChoice], object]) -> None:
        """Show the form; `chosen` gets what the person chose."""

    def suggested(self, what: str, suffix: str) -> Path:
        """A file that is not there yet."""

    def save(self, work: Callable[[JobProgress], str], path: Path) -> None:
        """Do it on a worker, with its progress shown."""


class ReportDriver:
    """GUI thread.

    Parameters
    ----------
    tape : of the console: a recording, or the last minutes
    source : where the city comes from, for pictures
    """

    def __init__(
        self, *, session: TwinSession, tape: Tape, source: CitySource, saver: Saver
    ) -> None:
        self._session, self._tape, self._source, self._saver = session, tape, source, saver

    def add_actions(self, table: ActionTable, group: str) -> None:
        """The one action."""
        table.add(
            Action(id="export.report", title="Make a report…", group=group, run=self.ask_report)
        )

    def ask_report(self) -> None:
        """Ask what about and where to."""
        incidents = self._session.hub.room[Incidents].by_id.values()
        subjects = [("Everything", ""), *((one.title, one.id) for one in incidents)]
        form = ExportForm(
            title="Make a report…",
            about=f"What happened, who decided what, and what was known then: {self._of_what()}.",
            formats=_FORMATS,
            suggested=self._saver.suggested("report", _FORMATS[0].suffix),
            subjects=tuple(subjects),
        )
        self._saver.ask(form, self._make)

    def _of_what(self) -> str:
        tape = self._tape
        if isinstance(tape, Recording):
            return f"the recording {tape.path.name}"
        seconds = max(tape.end_ns - tape.start_ns, 0) / NS_PER_S
        return f"the last {span_text(seconds)}, which is what this console remembers"

    def _make(self, choice: ExportChoice) -> None:
        tape, city, subject = self._tape, city_text(self._source), choice.subject

        def work(report: JobProgress) -> str:
            with tempfile.TemporaryDirectory(prefix="civitwin-report-") as folder:
                path = source_of(tape, Path(folder))
                arguments = ["report", str(path), "-o", str(choice.path), "--city", city]
                if subject:
                    arguments += ["--incident", subject]
                run_drawing(arguments, report)
            size = choice.path.stat().st_size / 1e3
            return f"Saved {choice.path.name}: the report, {size:,.0f} kB, in {choice.path.parent}"

        self._saver.save(work, choice.path)


def source_of(tape: Tape, folder: Path) -> Path:
    """The recording of a tape: its own file, or one that is made in `folder`. Any thread.

    Raises
    ------
    ReportError
        The console remembers no whole room yet.
    """
    if isinstance(tape, Recording):
        return tape.path
    path = folder / "What this console remembers.mcap"
    writer = RecordingWriter(path, with_sync=False)
    has_room = False
    try:
        for message in tape.messages():
            has_room = has_room or message.channel == ROOM
            if has_room or message.channel != EVENT:  # facts before a room cannot be placed
                writer.add(message.channel, message.data, message.t_ns, message.said_ns)
    finally:
        writer.close()
    if not has_room:
        raise ReportError("This console has heard nothing of a room yet, so there is no report")
    return path


def city_text(source: CitySource) -> str:
    """A city as ``--city`` of a report takes it."""
    if source.path is None:
        return f"demo:{source.n_buildings}:{source.seed}"
    return str(source.path)
