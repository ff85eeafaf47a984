"""README and docs name only commands, options, tools, layers, panels and files that exist."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from scenes.layer import layer_registry
from scenes.tool import tool_registry
from viewer.cli import build_parser
from viewer.opening import OpeningError, layer_from_text, opening_of, settings_put, tool_from_text
from widgets.panel import panel_registry

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands_in(page: Path) -> list[list[str]]:
    """The words of every ``civitwin …`` in code of a page."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = [re.match(r"(?:\.venv/bin/)?civitwin ([a-z].*)", line.strip()) for line in lines]
    return [shlex.split(match[1], comments=True) for match in found if match]


def subparsers() -> dict[str, argparse.ArgumentParser]:
    """Every subcommand's parser."""
    actions = build_parser()._actions
    (choices,) = [a.choices for a in actions if isinstance(a, argparse._SubParsersAction)]
    return dict(choices)


def options_of(parser: argparse.ArgumentParser, words: list[str]) -> set[str]:
    """Options of a subcommand; where it has actions of its own, of the one that is named."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and words and words[0] in action.choices:
            parser = action.choices[words[0]]
    return set(parser._option_string_actions)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_of_a_page_exist_with_their_options(page: Path) -> None:
    known = subparsers()
    for words in commands_in(page):
        names = re.split(r"[,…]", words[0])[0]
        assert names in known, f"{page.name}: civitwin {' '.join(words)}"
        options = options_of(known[names], words[1:2])
        for word in words[1:]:
            if word.startswith("--"):
                assert word.split("=")[0] in options, f"{page.name}: {' '.join(words)}"


def test_examples_of_what_is_shown_first_are_understood() -> None:
    tools = {record.id: record.state() for record in tool_registry()}
    layers = {record.id: record.state() for record in layer_registry()}
    panels = {record.id for record in panel_registry()}
    n_seen = 0
    for words in commands_in(ROOT / "docs" / "tools.md"):
        if words[0] not in ("open", "demo"):
            continue
        asked = opening_of(build_parser().parse_args(words))
        n_seen += 1
        for tool in asked.tools:
            settings_put(tools[tool.id], tool.settings, tool.id)
        for layer in asked.layers:
            settings_put(layers[layer.id], layer.settings, layer.id)
        assert set(asked.panels) <= panels
    assert n_seen >= 5


def test_every_tool_is_in_the_table_of_tools_with_its_key() -> None:
    text = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
    for record in tool_registry():
        assert f"| {record.title} | `{record.id}` | `{record.key}` |" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_of_a_page_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} names {target}"


@pytest.mark.parametrize("text", ["", "viewshed@1", "viewshed@a,b", "sun:hour", "sun:=3"])
def test_a_tool_that_is_not_written_so_is_refused(text: str) -> None:
    with pytest.raises(OpeningError, match="NAME=VALUE"):
        tool_from_text(text)


def test_settings_are_checked_against_their_kind_and_limits() -> None:
    states = {record.id: record.state() for record in tool_registry()}
    sun = settings_put(states["sun"], (("hour", "9.5"), ("shadows", "no")), "sun")
    assert (sun.hour, sun.shadows) == (9.5, False)
    for name, value in (("hour", "99"), ("hour", "noon"), ("shadows", "perhaps"), ("colour", "1")):
        with pytest.raises(OpeningError, match=name):
            settings_put(states["sun"], ((name, value),), "sun")
    with pytest.raises(OpeningError, match="cut is one of"):
        settings_put(states["section"], (("cut", "round"),), "section")
    assert layer_from_text("labels=off").shown is False
