"""Files of event rules: what they hold, and mistakes with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.perception.rules_file import RuleFileError, load_rules, read_rules

READY = Path(__file__).parents[2] / "resources" / "rules" / "city.toml"
SOUND = """version = 3
name = "Test"

[thresholds.flood_m]
default = 2.0
"gauge-1" = 3

[links.pump]
"gauge-1" = "pump-1"

[areas.harbour]
local = [[0, 0], [10, 0], [10, 10]]

[[rule]]
id = "high"
title = "Too high"
properties = ["water_level"]
areas = ["harbour"]
inputs = { running = "{pump}/pump_running" }
open = \"\"\"
value > flood_m
  && running < 1\"\"\"
priority = "high"

[[rule]]
id = "other"
title = "Other"
kinds = ["pump_station"]
open = "value > 1"
"""


def test_a_rule_takes_along_the_tables_that_it_names() -> None:
    sheet = read_rules(SOUND.encode(), "some/city.toml")
    high, other = (one.rule for one in sheet.rules)
    assert (sheet.file, sheet.version, sheet.name) == ("city.toml", 3, "Test")
    assert high.thresholds == {"flood_m": {"default": 2.0, "gauge-1": 3.0}}
    assert high.links == {"pump": {"gauge-1": "pump-1"}}
    assert high.places["harbour"].points == ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0))
    assert (other.thresholds, other.links, other.places) == ({}, {}, {})


def test_the_rules_that_come_along_are_sound() -> None:
    sheet = load_rules(READY)
    assert len(sheet.rules) >= 10
    assert all(one.rule.response and one.rule.department for one in sheet.rules)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("version = 3", "version = 0", 1, "whole number"),
        ("version = 3", "versoin = 3", 1, "did you mean “version”"),
        ('"gauge-1" = 3', '"gauge-1" = "3"', 4, "holds lines like"),
        ('"gauge-1" = 3', '"gauge-1" = nan', 4, "holds lines like"),
        ('"gauge-1" = 3', '"gauge-1" = true', 4, "holds lines like"),
        (
            "local = [[0, 0], [10, 0], [10, 10]]",
            "local = [[0, 0], [9, inf], [9, 9]]",
            11,
            "harbour",
        ),
        ("local = [[0, 0], [10, 0], [10, 10]]", "local = [[0, 0]]", 11, "harbour"),
        ('title = "Too high"', 'tilte = "Too high"', 16, "did you mean “title”"),
        ('id = "other"', 'id = "high"', 26, "a second rule"),
        ('areas = ["harbour"]', 'areas = ["habour"]', 18, "did you mean “harbour”"),
        ("value > flood_m", "valeu > flood_m", 21, "letter 1: nothing is called “valeu”"),
        ("value > flood_m", "value > flod_m", 21, "did you mean “flood_m”"),
        ("  && running < 1", "  && runing < 1", 22, "letter 6: nothing is called “runing”"),
        ('open = "value > 1"', 'open = "value"', 29, "open, letter 1: it is no yes or no"),
        ('priority = "high"', 'priority = "hgih"', 23, "priority"),
        ('kinds = ["pump_station"]', "", 25, "what it is about"),
        ('kinds = ["pump_station"]', 'kinds = ["x"]\nroot = "hihg"', 29, "did you mean “high”"),
        ("{pump}", "{pumps}", 19, "did you mean “pump”"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(old: str, new: str, line: int, words: str) -> None:
    assert old in SOUND
    with pytest.raises(RuleFileError) as caught:
        read_rules(SOUND.replace(old, new, 1).encode(), "city.toml")
    assert str(caught.value).startswith(f"city.toml, line {line}"), str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"a = ", b"\xff\xfe", b"x" * 600_000, b"rule = 3\nversion = 1"]
)
def test_what_is_no_file_of_rules_is_one_sentence(content: bytes) -> None:
    with pytest.raises(RuleFileError, match=r"city\.toml"):
        read_rules(content, "city.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_rules(tmp_path / "none.toml")
