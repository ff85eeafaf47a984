"""Which scenes come along with Civitwin, and the rules they are played by."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from twin.errors import TwinError
from twin.near_names import near_names
from twin.playback.script import Script

_SUFFIXES = (".yaml", ".yml")


def _resources(*names: str) -> Path:
    return Path(str(files("resources").joinpath(*names)))


def bundled_scenes() -> list[Path]:
    """Scenes that come along, by name."""
    return sorted(_resources("scenes").glob("*.yaml"))


def policies() -> tuple[Path, Path]:
    """The city's policy and interlocks, under which scenes are played."""
    return _resources("policies", "city.toml"), _resources("policies", "interlocks.toml")


def rules_of(script: Script) -> Path | None:
    """The file of event rules that a scene names: one that comes along, or one beside the scene.

    Raises
    ------
    TwinError
        There is no such file.
    """
    if not script.rules:
        return None
    for path in (_resources("rules", f"{script.rules}.toml"), script.path.parent / script.rules):
        if path.is_file():
            return path
    raise TwinError(f"{script.path.name}: there are no event rules “{script.rules}”")


def scene_path(name: str) -> Path:
    """The file that a name on the command line means.

    Raises
    ------
    TwinError
        There is neither such a scene nor such a file.
    """
    path = Path(name)
    if path.suffix in _SUFFIXES or path.exists():
        return path
    scenes = {one.stem: one for one in bundled_scenes()}
    if name not in scenes:
        near = near_names(name, scenes)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(scenes)}"
        raise TwinError(f"No scene is called “{name}”; {hint}")
    return scenes[name]
