"""Settings on disk: round trip, and a broken file means the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from viewer.settings import Settings


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "console.ini"
    first = Settings(path)
    assert (first.theme, first.workspace, first.operator_name) == ("light", "", "")
    assert first.layout("monitor").isEmpty()
    first.theme = "dark"
    first.workspace = "monitor"
    first.operator_name = "Ada, Lovelace; =[x]"
    first.department = "traffic"
    first.geometry = QByteArray(b"\x00\x01geo\xff")
    first.set_layout("monitor", QByteArray(b"\x00state\xfe"))
    first.set_open_views("The Hague / west", '{"views":[1,2],"a":"b"}')
    assert first.save()
    second = Settings(path)
    assert second.theme == "dark"
    assert second.workspace == "monitor"
    assert second.operator_name == "Ada, Lovelace; =[x]"
    assert second.department == "traffic"
    assert second.geometry == QByteArray(b"\x00\x01geo\xff")
    assert second.layout("monitor") == QByteArray(b"\x00state\xfe")
    assert second.open_views("The Hague / west") == '{"views":[1,2],"a":"b"}'
    assert second.open_views("elsewhere") == ""
    second.forget_layouts()
    assert second.layout("monitor").isEmpty()


@pytest.mark.parametrize(
    "content",
    [b"\x00\xff" * 200, b"[look]\ntheme=purple\n", b"[look\ntheme", b"[layout1]\nmonitor=12\n"],
)
def test_a_broken_file_means_the_defaults(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "console.ini"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.theme == "light"
    assert settings.layout("monitor").isEmpty()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings = Settings(blocked / "console.ini")
    settings.theme = "dark"
    assert not settings.save()
