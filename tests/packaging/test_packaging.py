"""What ships: the folder that must not be a package, pinned dependencies, no trace of a machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_the_packaging_folder_is_no_package():
    assert not (ROOT / "packaging" / "__init__.py").exists()
    subprocess.run([sys.executable, "-c", "import packaging.version"], cwd=ROOT, check=True)


def test_the_recipe_sees_the_source_tree_before_it_collects():
    recipe = (ROOT / "packaging" / "civitwin.spec").read_text()
    assert recipe.index("sys.path.insert(0") < recipe.index("collect_submodules(package)")
    compile(recipe, "civitwin.spec", "exec")


def test_every_dependency_is_pinned_by_the_constraints():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().split()}
    names = {re.split(r"[<>=!\[ ;]", text, maxsplit=1)[0].lower() for text in wanted}
    assert names <= pinned


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reasons = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text().lower()
    for text in project["dependencies"]:
        name = re.split(r"[<>=!\[ ;]", text, maxsplit=1)[0].lower()
        assert f"**{name}" in reasons or f", {name}" in reasons, name


def test_no_file_is_large_and_none_names_a_machine():
    for path in tracked_files():
        if not path.is_file() or path.suffix in {".png", ".svg"}:
            continue
        assert path.stat().st_size < 500_000, path
        text = path.read_text(encoding="utf-8", errors="replace")
        for trace in ("/wor" + "k/", "/ro" + "ot/", "/ho" + "me/"):
            assert trace not in text, f"{trace} in {path}"
