"""Shared set-up: no window system unless the run brings one, and no time zone surprises."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("civitwin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("civitwin")

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real cities and feeds; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data (../shared/data) is absent")
    return SHARED


_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figure(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Takes a line that a campaign has to tell; all stand together at the end of the run."""
    return pytestconfig.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what campaigns told."""
    lines = config.stash.get(_FIGURES, [])
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the machine cannot do, and leave long campaigns to their own target."""
    has_display = bool(os.environ.get("DISPLAY"))
    is_long = bool(os.environ.get("CIVITWIN_LONG"))
    for item in items:
        if item.get_closest_marker("display") and not has_display:
            item.add_marker(pytest.mark.skip(reason="needs a window system (make test brings one)"))
        if item.get_closest_marker("long") and not is_long:
            item.add_marker(pytest.mark.skip(reason="a long campaign (make test-long)"))
