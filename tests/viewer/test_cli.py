"""The command line as a person meets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from viewer.cli import build_parser, main
from viewer.subcommand import subcommand_registry

RECORDS = tuple(subcommand_registry())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_every_subcommand_has_help_with_an_example(record, capsys):
    with pytest.raises(SystemExit) as ended:
        main([record.id, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"civitwin {record.id}" in text.split("usage:", 1)[1]
    assert "xample" in text


def test_no_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_help_answers_without_loading_qt_or_vtk():
    program = (
        "import sys; from viewer.cli import build_parser; build_parser().format_help(); "
        "heavy = {'PySide6', 'vtkmodules', 'pyvista', 'pyproj'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_parser_knows_every_record():
    text = build_parser().format_help()
    assert all(record.id in text for record in RECORDS)


def test_the_name_of_a_run_is_not_what_is_run():
    for command in ("demo", "open"):
        arguments = build_parser().parse_args([command, "--run", "r1"])
        assert callable(arguments.run)
        assert arguments.run_id == "r1"
