"""The layers of a scene without a picture: built when seen, updated in order, failing alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from scenes.layer import LayerType
from scenes.layer_stack import LayerStack


@dataclass(frozen=True)
class State:
    """No settings."""


class Visual:
    """Writes down what is done to it."""

    def __init__(self, name: str, deeds: list[str]) -> None:
        self.name, self.deeds = name, deeds
        self.fails = self.changes = False

    def build(self, _stage: Any) -> None:
        self.deeds.append(f"build {self.name}")

    def update(self, _given: Any, _view: Any, _state: Any) -> bool:
        if self.fails:
            raise ValueError(f"{self.name} is broken")
        self.deeds.append(f"update {self.name}")
        return self.changes

    def set_visible(self, visible: bool) -> None:
        self.deeds.append(f"{'show' if visible else 'hide'} {self.name}")

    def dispose(self) -> None:
        self.deeds.append(f"dispose {self.name}")


class Rig:
    def __init__(self) -> None:
        self.deeds: list[str] = []
        self.visuals = {name: Visual(name, self.deeds) for name in ("upper", "lower")}
        self.records = [
            LayerType(
                id=name, title=name, state=State, visual=lambda name=name: self.visuals[name],
                order=order,
            )
            for name, order in (("upper", 2), ("lower", 1))
        ]  # fmt: skip

    def update(self) -> bool:
        nothing: Any = None
        return self.stack.update(nothing, nothing)

    def since(self) -> list[str]:
        deeds = list(self.deeds)
        self.deeds.clear()
        return deeds


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    rig = Rig()
    monkeypatch.setattr("scenes.layer_stack.layer_registry", lambda: rig.records)
    stage: Any = None
    rig.stack = LayerStack(stage)
    return rig


def test_they_are_built_once_and_updated_in_drawing_order(rig: Rig) -> None:
    assert [record.id for record in rig.stack.records] == ["lower", "upper"]
    assert not rig.update()
    assert rig.since() == ["build lower", "update lower", "build upper", "update upper"]
    rig.visuals["lower"].changes = True
    assert rig.update(), "one that changed is enough"
    assert rig.since() == ["update lower", "update upper"]


def test_one_that_is_off_costs_nothing(rig: Rig) -> None:
    assert rig.stack.set_visible("upper", False)
    assert not rig.stack.set_visible("upper", False)
    rig.update()
    assert rig.since() == ["build lower", "update lower"]
    assert rig.stack.set_visible("lower", False)
    assert rig.since() == ["hide lower"]
    assert not rig.stack.is_visible("lower")


def test_one_that_fails_is_named_and_the_others_go_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.visuals["lower"].fails = True
    assert rig.update(), "it has to leave the picture"
    assert rig.since() == ["build lower", "hide lower", "build upper", "update upper"]
    assert rig.stack.failures == {"lower": "lower is broken"}
    assert "The layer lower failed" in caplog.text
    assert not rig.update()
    assert rig.since() == ["update upper"]


def test_another_city_gives_a_failed_one_a_new_try(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.visuals["lower"].fails = True
    rig.update()
    assert "lower" in caplog.text
    rig.visuals["lower"].fails = False
    rig.stack.rebuild()
    rig.since()
    rig.update()
    assert rig.since() == ["build lower", "update lower", "build upper", "update upper"]
    assert rig.stack.failures == {}
    rig.stack.dispose()
    rig.stack.dispose()
    assert rig.since() == ["dispose lower", "dispose upper"]
