"""“Make a report…” of a recording, and of what a live console remembers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pypdf import PdfReader
from PySide6.QtWidgets import QWidget

from tests.twin.reports import FloodRun, flood_run, heard, recorded
from tests.widgets.panel_world import World
from twin.city.bookmarks import BookmarkBook
from twin.playback.tape import RingTape, Tape
from twin.recording.keeping import Keeper
from twin.recording.reading import Recording
from viewer.city_source import CitySource
from viewer.exports import ExportDriver
from viewer.report_driver import city_text
from widgets.actions import ActionTable
from widgets.bridge import Bridge


class Bench:
    """The driver over a tape, in a window without a 3D view."""

    def __init__(self, qtbot, tmp_path: Path, tape: Tape) -> None:
        self.qtbot, self.world = qtbot, World(tmp_path)
        self.bridge = Bridge(self.world.clock)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.said: list[str] = []
        self.world.session.message.connect(self.said.append)
        self.actions = ActionTable()
        self.driver = ExportDriver(
            session=self.world.session, bridge=self.bridge, window=self.window,
            source=CitySource(n_buildings=500), pane=lambda: SimpleNamespace(),  # type: ignore[arg-type, return-value]
            book=lambda: BookmarkBook(None), theme=lambda: "light", tape=tape,
        )  # fmt: skip
        self.driver.add_actions(self.actions)

    def ask(self, path: Path):
        """The dialog, filled in."""
        assert self.actions.run("export.report")
        dialog = self.driver.dialog
        assert dialog is not None
        dialog.file.setText(str(path))
        return dialog

    def close(self) -> None:
        self.driver.close()
        self.bridge.close()
        self.world.close()


@pytest.fixture(scope="module")
def run() -> FloodRun:
    return flood_run()


@pytest.fixture
def of_recording(qtbot, tmp_path: Path, run: FloodRun) -> Iterator[Bench]:
    path = tmp_path / "run.mcap"
    recorded(path, run)
    recording = Recording(path)
    made = Bench(qtbot, tmp_path, recording)
    yield made
    made.close()
    recording.close()


def test_a_recording_becomes_a_pdf_in_a_job(of_recording: Bench, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    dialog = of_recording.ask(out)
    assert "run.mcap" in dialog.form.about
    assert dialog.subject.itemText(0) == "Everything"
    dialog.save.click()
    of_recording.qtbot.waitUntil(lambda: len(of_recording.said) > 0, timeout=120_000)
    assert of_recording.said[-1].startswith("Saved report.pdf: the report")
    text = "\n".join(page.extract_text() for page in PdfReader(out).pages)
    assert "Water in Quay Street" in text
    assert "No picture of the city" not in text


def test_a_cancelled_report_leaves_nothing(of_recording: Bench, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    of_recording.ask(out).save.click()
    of_recording.bridge.jobs[0].cancel()
    of_recording.qtbot.waitUntil(lambda: len(of_recording.said) > 0, timeout=120_000)
    assert of_recording.said[-1] == "report.pdf was not saved"
    assert not out.exists()
    assert not list(tmp_path.glob(".report*"))


def test_a_live_console_reports_what_it_remembers(qtbot, tmp_path: Path, run: FloodRun) -> None:
    ring = RingTape()
    keeper = Keeper(None, sink=ring)
    for message, t_ns in heard(run):
        if isinstance(message, list):
            keeper.take_samples(message, t_ns)
        else:
            keeper.take_fact(message, t_ns)
    bench = Bench(qtbot, tmp_path, ring)
    out = tmp_path / "live.html"
    dialog = bench.ask(out)
    assert "the last 5 min 10 s" in dialog.form.about
    dialog.format.setCurrentIndex(1)
    dialog.save.click()
    qtbot.waitUntil(lambda: len(bench.said) > 0, timeout=120_000)
    assert bench.said[-1].startswith("Saved live.html"), bench.said
    page = out.read_text()
    assert "Cellars are filling" in page
    assert "What is missing" not in page
    bench.close()


def test_a_console_that_heard_nothing_says_so(qtbot, tmp_path: Path) -> None:
    bench = Bench(qtbot, tmp_path, RingTape())
    bench.ask(tmp_path / "live.html").save.click()
    qtbot.waitUntil(lambda: len(bench.said) > 0, timeout=60_000)
    assert "heard nothing of a room yet" in bench.said[-1]
    bench.close()


def test_a_city_is_named_as_the_command_takes_it() -> None:
    assert city_text(CitySource(n_buildings=500, seed=3)) == "demo:500:3"
    assert city_text(CitySource(path=Path("town.json"))) == "town.json"
