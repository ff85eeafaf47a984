"""``scripts/tileset_rules.mjs`` finds what is wrong with a tileset; needs Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.twin.imported import imported

NODE = shutil.which("node")
RULES = Path(__file__).resolve().parents[2] / "scripts" / "tileset_rules.mjs"
pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "town"
    return imported("generated:1500", folder, branch_features=900)


def test_an_imported_city_keeps_all_rules(city: Path) -> None:
    found = _found(city)
    assert found["problems"] == []
    assert found["tilesets"] == 1 + len(list(city.glob("tiles/*/tileset.json"))) > 1
    assert found["n_contents"] == len(list(city.rglob("*.glb")))


def _negative_error(tileset: dict[str, Any]) -> None:
    tileset["root"]["geometricError"] = -1


def _no_refine(tileset: dict[str, Any]) -> None:
    del tileset["root"]["refine"]


def _unknown_key(tileset: dict[str, Any]) -> None:
    tileset["root"]["colour"] = "red"


def _short_box(tileset: dict[str, Any]) -> None:
    tileset["root"]["boundingVolume"]["box"].pop()


def _flat_transform(tileset: dict[str, Any]) -> None:
    tileset["root"]["transform"] = [1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def _lost_tile(tileset: dict[str, Any]) -> None:
    tileset["root"]["children"] = [{**tileset["root"], "content": {"uri": "tiles/none.glb"}}]


def _child_outside(tileset: dict[str, Any]) -> None:
    box = [1e6, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    tileset["root"]["children"] = [{"boundingVolume": {"box": box}, "geometricError": 0}]


def _rising_error(tileset: dict[str, Any]) -> None:
    root = tileset["root"]
    root["children"] = [{"boundingVolume": root["boundingVolume"], "geometricError": 1e6}]


def _climbing_path(tileset: dict[str, Any]) -> None:
    tileset["root"]["content"] = {"uri": "../outside.glb"}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_negative_error, "is no number of 0 or more"),
        (_no_refine, "must say how it is refined"),
        (_unknown_key, "is not in the specification"),
        (_short_box, "is not 12 finite numbers"),
        (_flat_transform, "cannot be undone"),
        (_lost_tile, "is not there"),
        (_child_outside, "reaches out of its parent's"),
        (_rising_error, "is larger than its parent's"),
        (_climbing_path, "leaves the folder"),
    ],
)
def test_what_is_wrong_is_named(
    city: Path, tmp_path: Path, damage: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    tileset = json.loads((city / "tileset.json").read_bytes())
    damage(tileset)
    (tmp_path / "tileset.json").write_text(json.dumps(tileset))
    shutil.copytree(city / "tiles", tmp_path / "tiles")
    assert any(sentence in problem for problem in _found(tmp_path)["problems"])


def _found(folder: Path) -> dict[str, Any]:
    assert NODE is not None
    script = (
        f"import {{tilesetProblems}} from {json.dumps(str(RULES))};"
        f"const found = tilesetProblems({json.dumps(str(folder))});"
        "console.log(JSON.stringify({...found, n_contents: found.contents.size}));"
    )
    command = [NODE, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
