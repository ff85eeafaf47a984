"""docs/command-types.md: the table is that of the records, and the example in it works."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT
from twin.commands.base import CommandType, command_registry, undo_of
from twin.commands.params import example_args, field_errors, params_from_args
from twin.commands.preview import PreviewTarget
from twin.commands.undo import Before, Undo
from twin.sim.roster import HABITS, STATE_PROPERTIES

PAGE = ROOT / "docs" / "command-types.md"
CONVENTIONS = ROOT / "docs" / "conventions.md"


def test_the_table_is_that_of_the_records() -> None:
    command = [sys.executable, "scripts/command_types.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def example() -> CommandType:
    """The record that the example makes."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 50
    assert max(map(len, code.splitlines())) <= 100
    names: dict[str, Any] = {"__name__": "docs_example"}
    module = type(sys)("docs_example")
    sys.modules["docs_example"] = module
    try:
        exec(compile(code, str(PAGE), "exec"), names)
        module.__dict__.update(names)
        record = names["COMMAND"]
        assert isinstance(record, CommandType)
        params_from_args(record.params, example_args(record.params))
        return record
    finally:
        del sys.modules["docs_example"]


def test_the_example_is_a_whole_command_type(example: CommandType) -> None:
    args = {"height_pct": 40.0}
    assert not field_errors(example.params, args)
    assert "at most 100" in field_errors(example.params, {"height_pct": 140.0})["height_pct"]
    params = example.params(**args)
    effect = example.effect("square-1", params)
    assert effect.is_shown_by(40.0, 0.0)
    assert not effect.is_shown_by(42.0, 0.0)
    assert "Market Square" in example.describe("Market Square", params)
    undo = undo_of(example, Before(values={"bollard_height": 100.0}))
    assert undo == Undo(type_id="bollards.set", args={"height_pct": 100.0})
    assert example.id not in command_registry().ids()


def test_the_example_tells_what_it_would_change(example: CommandType) -> None:
    class City:
        def last_value(self, datastream_id: str) -> float | None:
            return 100.0

    target = PreviewTarget(id="square-1", name="Market Square", kind="bollards")
    assert example.preview is not None
    told = example.preview(target, example.params(height_pct=0.0), City())  # type: ignore[arg-type]
    assert told.basis
    assert (told.predictions[0].before, told.predictions[0].after) == (100.0, 0.0)


def test_every_reported_state_and_kind_is_in_the_conventions() -> None:
    text = CONVENTIONS.read_text(encoding="utf-8")
    for name in (*HABITS, *STATE_PROPERTIES):
        assert name in text, f"{name} is missing in docs/conventions.md"
    for command_type in command_registry():
        for kind in command_type.target_kinds:
            assert f"`{kind}`" in text, f"{kind} is missing in docs/conventions.md"
