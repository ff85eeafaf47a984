"""Conditions of event rules: columns say what the CEL library says, and mistakes are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.perception.rules_columns import Column, ask
from twin.perception.rules_language import parse_condition
from twin.perception.rules_tokens import RuleTextError
from twin.perception.rules_tree import cel_of

NAMES = ("value", "age_s", "limit", "other")
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.5, 3.0, 1e6, -0.5])


def _numbers(depth: int) -> st.SearchStrategy[str]:
    plain = st.one_of(
        st.sampled_from(NAMES), st.sampled_from(["0", "1", "2.5", "3", "1e6", ".5", "-1"])
    )
    if depth == 0:
        return plain
    deeper = _numbers(depth - 1)
    return st.one_of(
        plain,
        st.tuples(deeper, st.sampled_from("+-*/"), deeper).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        deeper.map(lambda one: f"-({one})"),
        st.tuples(_truths(depth - 1), deeper, deeper).map(
            lambda t: f"(({t[0]}) ? {t[1]} : {t[2]})"
        ),
    )


def _truths(depth: int) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    numbers = _numbers(max(depth - 1, 0))
    plain = st.one_of(
        st.tuples(numbers, signs, numbers).map(" ".join),
        st.sampled_from(NAMES).map(lambda one: f"has(inputs.{one})"),
        st.tuples(numbers, st.just("in [1, -0.5, 2.5]")).map(" ".join),
        st.sampled_from(["true", "false"]),
    )
    if depth == 0:
        return plain
    deeper = _truths(depth - 1)
    return st.one_of(
        plain,
        st.tuples(deeper, st.sampled_from(["&&", "||"]), deeper).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
        deeper.map(lambda one: f"!({one})"),
        st.tuples(deeper, st.sampled_from(["==", "!="]), deeper).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
        st.tuples(deeper, deeper, deeper).map(lambda t: f"({t[0]}) ? ({t[1]}) : ({t[2]})"),
    )


ROWS = st.lists(st.tuples(*[st.one_of(st.none(), NUMBERS) for _ in NAMES]), min_size=1, max_size=12)


def _library(source: str) -> Any:
    row = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    variables = {**dict.fromkeys(NAMES, cel.Type.DOUBLE), "inputs": row}
    return cel.NewEnv(variables=variables).compile(source)


def _scalar(program: Any, row: tuple[float | None, ...]) -> bool | None:
    known = {name: one for name, one in zip(NAMES, row, strict=True) if one is not None}
    answer = program.eval(data={**known, "inputs": known})
    return bool(answer.value()) if answer.type() == cel.Type.BOOL else None


@settings(max_examples=400, deadline=None)
@given(source=_truths(3), rows=ROWS)
def test_columns_answer_as_the_library_does_row_by_row(
    source: str, rows: list[tuple[float | None, ...]]
) -> None:
    condition = parse_condition(source, ("limit", "other"))
    columns = {
        name: Column(
            np.array([0.0 if one is None else one for one in column]),
            np.array([one is not None for one in column]),
        )
        for name, column in zip(NAMES, zip(*rows, strict=True), strict=True)
    }
    answer = ask(condition, columns).rows(len(rows))
    program = _library(cel_of(condition.tree))
    said = [True if y else False if n else None for y, n in zip(answer.yes, answer.no, strict=True)]
    assert said == [_scalar(program, row) for row in rows]
    assert not np.any(np.asarray(answer.yes) & np.asarray(answer.no))


@pytest.mark.parametrize(
    "source",
    ["value > 3.0 || age_s > 5.0 && limit < 2.0", "value + age_s * 2.0 - limit / 4.0 > 1.0",
     "value > 1.0 ? age_s > 2.0 : limit > 3.0 ? true : false", "!(value > 1.0) == (limit > 2.0)",
     "value - 1.0 - 2.0 > -3.0 // a remark", "value / 2.0 / 2.0 == 0.25"],
)  # fmt: skip
def test_precedence_is_that_of_cel(source: str) -> None:
    condition = parse_condition(source, ("limit", "other"))
    mine, theirs = _library(cel_of(condition.tree)), _library(source)
    for row in [(1.0, 2.0, 3.0, 0.0), (4.0, 9.0, 1.0, 0.0), (1.0, None, 3.0, None)]:
        assert _scalar(mine, row) == _scalar(theirs, row)


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("", 1, "it is empty"),
        ("valu > 3", 1, "did you mean “value”"),
        ("value + 3", 1, "no yes or no"),
        ("value >", 8, "missing at the end"),
        ("value > 'a'", 9, "texts are not compared"),
        ("size(value) > 1", 1, "only has(inputs.NAME)"),
        ("value % 2 == 0", 7, "whole numbers"),
        ("value > 1 && age_s", 11, "joins two yes or no"),
        ("(value > 1", 11, "“)” is missing at the end"),
        ("value.x > 1", 6, "cannot be looked into"),
        ("value in [age_s]", 11, "a list of numbers"),
        ("value > 1\n && agee_s > 2", 5, "nothing is called"),
        ("value > 2u", 9, "no number"),
        ("value # 2", 7, "means nothing"),
        ("(" * 70 + "value > 1" + ")" * 70, 61, "nested too deeply"),
        ("value > 1" + " " * 2_000, 1, "over 2,000 letters"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(source: str, column: int, words: str) -> None:
    with pytest.raises(RuleTextError) as caught:
        parse_condition(source)
    assert words in str(caught.value)
    assert caught.value.column == column


def test_a_wrong_word_in_the_second_line_says_so() -> None:
    with pytest.raises(RuleTextError) as caught:
        parse_condition("value > 1\n && agee_s > 2")
    assert caught.value.line == 2
