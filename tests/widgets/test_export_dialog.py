"""The dialog that asks what to save, how large and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from widgets.export_dialog import ExportDialog, ExportForm, Format


def form(folder: Path, **more) -> ExportForm:
    return ExportForm(
        title="Save film…",
        about="A flight.",
        formats=(Format("Film", ".mp4"), Format("Animated picture", ".gif")),
        suggested=folder / "city.mp4",
        **more,
    )


@pytest.fixture
def dialog(qtbot, tmp_path):
    made = ExportDialog(
        form(tmp_path, view_px=(800, 600), most_px=4096, flights=("", "Along the river"))
    )
    qtbot.addWidget(made)
    return made


def test_a_preset_and_numbers_agree(dialog):
    dialog.presets.setCurrentIndex(dialog.presets.findText("4K"))
    assert dialog.choice().size_px == (3840, 2160)
    dialog.width_px.setValue(1234)
    assert dialog.presets.currentText() == "Other"
    assert dialog.presets.findText("8K") < 0  # larger than a film can be


def test_a_tour_has_its_own_length(dialog):
    assert "300 frames" in dialog.note.text()
    dialog.flight.setCurrentIndex(1)
    assert not dialog.seconds.isEnabled()
    assert "frames" not in dialog.note.text()
    assert dialog.choice().flight == "Along the river"


def test_the_format_changes_the_ending_and_a_missing_one_is_added(dialog, tmp_path):
    dialog.format.setCurrentIndex(1)
    assert dialog.choice().path == tmp_path / "city.gif"
    dialog.file.setText(str(tmp_path / "v1.2"))
    assert dialog.choice().path == tmp_path / "v1.2.gif"


def test_what_cannot_be_written_is_said_and_not_accepted(dialog, tmp_path):
    chosen = []
    dialog.chosen.connect(chosen.append)
    for text, said in (
        ("", "name"),
        (f"{tmp_path}/{'x' * 300}", "shorter"),
        (str(tmp_path / "no" / "a.mp4"), "no folder"),
    ):
        dialog.file.setText(text)
        assert said in dialog.note.text()
        assert not dialog.save.isEnabled()
        dialog.accept()
    assert chosen == []
    (tmp_path / "there.mp4").write_bytes(b"")
    dialog.file.setText(str(tmp_path / "there.mp4"))
    assert "replaced" in dialog.note.text()
    dialog.save.click()
    assert [one.path for one in chosen] == [tmp_path / "there.mp4"]
