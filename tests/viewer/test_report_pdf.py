"""The PDF of a report, read back with another library; and the command that writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.twin.reports import FloodRun, flood_run, recorded
from twin.reporting.composing import compose
from twin.reporting.document import Column, Paragraph, Report, Section, Table
from twin.reporting.making import ReportOptions, find
from viewer.report_pdf import write_pdf


@pytest.fixture(scope="module")
def run() -> FloodRun:
    return flood_run()


@pytest.fixture(scope="module")
def recording(run: FloodRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "run.mcap"
    recorded(path, run, city="demo:500:1")
    return path


def text_of(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def fonts_of(path: Path) -> list[dict[str, object]]:
    """Descriptors of all fonts on all pages."""
    found = []
    for page in PdfReader(path).pages:
        for font in page["/Resources"].get("/Font", {}).values():  # type: ignore[union-attr]
            one = font.get_object()
            inner = one["/DescendantFonts"][0].get_object() if "/DescendantFonts" in one else one
            found.append(inner["/FontDescriptor"].get_object())
    return found


def test_it_opens_with_its_words_pages_and_own_fonts(
    recording: Path, tmp_path: Path, qapp: object
) -> None:
    report = compose(find(ReportOptions(where=str(recording), incident="Water in Quay Street")))
    path = tmp_path / "flood.pdf"
    n_pages = write_pdf(path, report)
    reader = PdfReader(path)
    assert len(reader.pages) == n_pages > 3
    assert reader.metadata is not None
    assert reader.metadata.title == report.title
    text = text_of(path)
    for words in ("Water in Quay Street", "Divers are in the lock", "Broke the glass", "EEMUA 191",
                  f"Page {n_pages} of {n_pages}", "filling", "2.095 m"):  # fmt: skip
        assert words in text, words
    assert "\t" not in text
    assert "had the effect that was to be" in text, "no ligatures"
    fonts = fonts_of(path)
    assert fonts
    assert all("/FontFile2" in one or "/FontFile3" in one for one in fonts)
    for page in reader.pages:
        assert page.mediabox.width == pytest.approx(595, abs=1)
        assert page.mediabox.height == pytest.approx(842, abs=1)


def test_the_contents_name_the_page_where_a_section_begins(
    recording: Path, tmp_path: Path, qapp: object
) -> None:
    report = compose(find(ReportOptions(where=str(recording))))
    path = tmp_path / "all.pdf"
    write_pdf(path, report)
    pages = [page.extract_text() for page in PdfReader(path).pages]
    for number, section in enumerate(report.sections, 1):
        title = f"{number}. {section.title}"
        lines = [one.strip() for one in pages[0].splitlines()]
        at = lines.index(title)
        page = int(lines[at + 1])
        assert title in [one.strip() for one in pages[page - 1].splitlines()]


def test_long_tables_go_on_with_their_head_and_lose_no_line(tmp_path: Path, qapp: object) -> None:
    tall = "\n".join(f"tall line {n}" for n in range(150))
    rows = tuple((f"row {n}", f"value {n}") for n in range(200))
    table = Table(
        caption="Long", columns=(Column("Name column"), Column("Value column")),
        rows=(*rows[:100], ("one row", tall), *rows[100:]),
    )  # fmt: skip
    report = Report(title="T", subtitle="S", sections=(Section("Only", (table,)),))
    path = tmp_path / "long.pdf"
    n_pages = write_pdf(path, report)
    pages = [page.extract_text() for page in PdfReader(path).pages]
    text = "\n".join(pages)
    lines = [one.strip() for one in text.splitlines()]
    for n in range(200):
        assert lines.count(f"row {n}") == 1
    for n in range(150):
        assert lines.count(f"tall line {n}") == 1
    assert text.count("Name column") == n_pages
    for page in pages:
        assert page.count("row ") != 0 or "tall line" in page


def test_a_word_that_never_ends_stays_on_the_page(tmp_path: Path, qapp: object) -> None:
    report = Report(title="T", subtitle="S", sections=(Section("A", (Paragraph("x" * 900),)),))
    path = tmp_path / "word.pdf"
    write_pdf(path, report)
    assert text_of(path).replace("\n", "").count("x") >= 900


def civitwin(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "viewer.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_writes_a_pdf_with_pictures_of_the_city(
    recording: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.pdf"
    ended = civitwin("report", str(recording), "-o", str(out), "--zone", "UTC", "--progress",
                     "--incident", "i1")  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    told = [json.loads(line)["fraction"] for line in ended.stdout.splitlines() if line[0] == "{"]
    assert told == sorted(told)
    assert told[-1] == 1.0
    images = [image for page in PdfReader(out).pages for image in page.images]
    assert len(images) >= 3
    text = text_of(out)
    assert "Alarm, critical: Quay gauge" in text
    assert "No picture of the city" not in text


def test_wrong_words_are_one_sentence_and_leave_nothing(recording: Path, tmp_path: Path) -> None:
    cases = (
        (("-o", str(tmp_path / "r.doc")), "A report is written as .html or .pdf"),
        (("-o", str(tmp_path / "no" / "r.pdf")), "There is no folder to write the report to"),
        (("-o", str(tmp_path / "r.pdf"), "--incident", "fire"), "The log holds no incident"),
        (("-o", str(tmp_path / "r.pdf"), "--from", "noon"), "'noon' is no time"),
        (("-o", str(tmp_path / "r.pdf"), "--zone", "Mars/Base"), "There is no time zone"),
    )
    for arguments, sentence in cases:
        ended = civitwin("report", str(recording), "--no-pictures", *arguments)
        assert ended.returncode == 1
        assert sentence in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_city_that_is_gone_leaves_the_plan_and_a_sentence(
    recording: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.html"
    ended = civitwin(
        "report", str(recording), "-o", str(out), "--city", str(tmp_path / "gone.json")
    )
    assert ended.returncode == 0, ended.stderr
    page = out.read_text()
    assert "No picture of the city" in page
    assert "Plan from the positions" in page
