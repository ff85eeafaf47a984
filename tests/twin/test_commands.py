"""Derived tests over the registry of command types: a new file is tested the day it lands."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import msgspec
import pytest

from tests.twin.command_samples import valid_args
from twin.commands.base import (
    DEPARTMENTS,
    CommandType,
    Effect,
    command_registry,
    may_issue,
    undo_of,
)
from twin.commands.params import args_from_params, field_errors, fields_of, params_from_args
from twin.commands.show_sign import sign_code
from twin.commands.undo import Before, Earlier, Undo
from twin.errors import CommandRejected

TYPES = list(command_registry())
each_type = pytest.mark.parametrize("command_type", TYPES, ids=lambda t: t.id)


def test_the_types_of_the_first_release_are_there() -> None:
    assert {t.id for t in TYPES} >= {
        "road.close", "road.open", "pump.start", "pump.stop", "gate.set", "signal.set_plan",
        "unit.dispatch", "lights.dim",
    }  # fmt: skip


@each_type
def test_parameters_round_trip_through_json(command_type: CommandType) -> None:
    args = valid_args(command_type)
    params = params_from_args(command_type.params, args)
    over_the_wire = msgspec.json.decode(msgspec.json.encode(args_from_params(params)))
    assert params_from_args(command_type.params, over_the_wire) == params
    assert dataclasses.is_dataclass(params)


@each_type
def test_the_effect_names_a_datastream_of_the_target(command_type: CommandType) -> None:
    effect = command_type.effect("thing/7", params_from_args(
        command_type.params, valid_args(command_type)))  # fmt: skip
    target, _, observed_property = effect.datastream_id.rpartition("/")
    assert target == "thing/7"
    assert observed_property.replace("_", "").isalpha()
    assert math.isfinite(effect.value)
    assert 5.0 <= effect.deadline_s <= 3_600.0
    assert effect.text
    assert not effect.text.endswith(".")


@each_type
def test_the_confirm_sentence_names_target_and_effect(command_type: CommandType) -> None:
    params = params_from_args(command_type.params, valid_args(command_type))
    sentence = command_type.describe("Harbour Street", params)
    assert "Harbour Street" in sentence
    assert sentence[0].isupper()
    assert not sentence.endswith(".")
    assert len(sentence.split()) >= 4


@each_type
def test_the_record_is_complete(command_type: CommandType) -> None:
    assert command_type.target_kinds
    assert command_type.icon.isalpha()
    assert command_type.significance in (1, 2, 3, 4)
    assert set(command_type.departments) <= set(DEPARTMENTS)
    assert "control_room" in command_type.departments
    assert command_type.title[0].isupper()
    if command_type.called:
        assert command_type.called[0].isupper()
        assert command_type.called.count("{target}") == 1
        assert "X" in command_type.called.format(target="X")
    else:
        assert len(command_type.title.split()) <= 3
    for field in fields_of(command_type.params):
        assert field.help, f"{field.name} has no help"


@each_type
def test_an_inverse_exists_and_serves_the_same_targets(command_type: CommandType) -> None:
    assert (command_type.undo is None) or command_type.inverse
    assert bool(command_type.before) <= (command_type.undo is not None)
    if not command_type.inverse:
        return
    inverse = command_registry()[command_type.inverse]
    assert set(inverse.target_kinds) >= set(command_type.target_kinds)


_NUMBERED = {"camera.preset", "signal.set_plan", "gate.set", "lights.dim"}


@each_type
def test_an_undo_is_a_registered_command_with_fitting_values(command_type: CommandType) -> None:
    earlier = tuple(Earlier(type_id=t.id, args=valid_args(t)) for t in TYPES)
    found = []
    for value in (0.0, 1.0, 2.0, float(sign_code("text"))):
        values = dict.fromkeys(command_type.before, value)
        undo = undo_of(command_type, Before(command_id="c-1", values=values, earlier=earlier))
        found += [undo] if undo is not None else []
    assert bool(found) == bool(command_type.inverse)
    for undo in found:
        undone_by = command_registry()[undo.type_id]
        assert set(undone_by.target_kinds) >= set(command_type.target_kinds)
        wrong = field_errors(undone_by.params, undo.args)
        # only a figure that no camera and no signal reports (a code of a text) may be out of range
        assert not wrong.keys() & undo.args.keys() or undo.type_id in _NUMBERED
    # with nothing known it never raises, and what it cannot know is left to the operator
    blind = undo_of(command_type, Before())
    assert blind is None or not (set(blind.args) - {"alert"})


def test_the_undo_of_a_setting_is_the_value_before() -> None:
    gate = command_registry()["gate.set"]
    undo = undo_of(gate, Before(values={"gate_opening": 37.5}))
    assert undo == Undo(type_id="gate.set", args={"opening_pct": 37.5})
    plan = undo_of(command_registry()["signal.set_plan"], Before(values={"signal_plan": 3.0}))
    assert plan is not None
    assert plan.args == {"plan": 3}
    assert isinstance(plan.args["plan"], int)


def test_a_stopped_pump_is_started_as_it_ran() -> None:
    pump = command_registry()["pump.stop"]
    ran = (Earlier(type_id="pump.start", args={"speed_pct": 60.0}),)
    assert undo_of(pump, Before(earlier=ran)) == Undo(type_id="pump.start", args=ran[0].args)
    assert undo_of(pump, Before()) == Undo(type_id="pump.start")


@pytest.mark.parametrize(
    ("relation", "wanted", "before", "shows", "does_not"),
    [
        ("below", 30.0, math.nan, 29.9, 30.0),
        ("above", 30.0, math.nan, 30.1, 30.0),
        ("falls_by", 0.5, 2.0, 1.5, 1.6),
        ("rises_by", 1.0, 2.0, 3.0, 2.9),
        ("falls_by_share", 0.5, 400.0, 200.0, 201.0),
        ("falls_by", 0.5, math.nan, 1.5, 1.5),
        ("equals", 40_000.0, math.nan, 40_400.0, 40_401.0),
        ("equals", 0.0, math.nan, 0.01, 0.011),
    ],
)
def test_an_effect_is_shown_by_its_relation(
    relation: Any, wanted: float, before: float, shows: float, does_not: float
) -> None:
    effect = Effect(
        datastream_id="a/b", relation=relation, value=wanted, deadline_s=60.0, text="it does"
    )
    assert effect.is_relative == (relation in ("falls_by", "rises_by", "falls_by_share"))
    assert effect.is_shown_by(shows, before) == (shows != does_not)
    assert not effect.is_shown_by(does_not, before)


def test_codes_are_told_apart_by_a_tolerance_of_their_own() -> None:
    effect = Effect(
        datastream_id="a/b", relation="equals", value=4e4, deadline_s=6.0, text="", tolerance=0.5
    )
    assert effect.is_shown_by(40_000.0, math.nan)
    assert not effect.is_shown_by(40_001.0, math.nan)
    # an effect that was journalled before there was a tolerance reads as it did
    body = {"datastream_id": "a/b", "relation": "equals", "value": 1.0, "deadline_s": 9, "text": ""}
    assert msgspec.convert(body, Effect).tolerance == 0.0


@each_type
def test_wrong_parameters_are_refused_by_name(command_type: CommandType) -> None:
    with pytest.raises(CommandRejected, match="no field called nonsense"):
        params_from_args(command_type.params, valid_args(command_type) | {"nonsense": 1})
    for field in fields_of(command_type.params):
        for bad in _bad_values(field):
            args = valid_args(command_type) | {field.name: bad}
            errors = field_errors(command_type.params, args)
            assert list(errors) == [field.name], f"{bad!r} was taken for {field.name}"
            assert field.title in errors[field.name]
        if field.default is None:
            short = valid_args(command_type)
            del short[field.name]
            with pytest.raises(CommandRejected, match=f"{field.title} is missing"):
                params_from_args(command_type.params, short)


def _bad_values(field: Any) -> list[Any]:
    bad: list[Any] = [None, [], {}]
    if field.kind in (int, float):
        bad += ["3", True, math.nan, math.inf, -math.inf]
    if field.kind is int:
        bad.append(1.5)
    if field.kind is str:
        bad += [3, "x" * (field.max_length + 1)]
    if field.min is not None:
        bad.append(field.min - 1)
    if field.max is not None:
        bad.append(field.max + 1)
    if field.choices:
        bad += ["no such choice" if field.kind is str else 99]
    return bad


def test_departments_are_compared_without_case_and_spaces() -> None:
    road = command_registry()["road.close"]
    assert may_issue(road, " Control Room ")
    assert may_issue(road, "Traffic")
    assert not may_issue(road, "water")
    assert not may_issue(road, "")
    assert may_issue(dataclasses.replace(road, departments=()), "")
