"""Questions to a history: the newest counts, whatever order the answers come in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twin.clock import NS_PER_S, FakeClock
from widgets.parts.past_asking import AGAIN_NS, Answer, PastAsking, Question
from widgets.parts.past_spans import span_of


class Jobs:
    """Stands for a `Bridge`: what is asked waits until a test answers it."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Any, Any]] = []

    def run_job(self, _work: Any, done: Any, failed: Any, **_more: Any) -> None:
        self.jobs.append((done, failed))


class Rig:
    def __init__(self) -> None:
        self.clock, self.jobs = FakeClock(), Jobs()
        self.shown: list[Answer] = []
        self.said: list[str] = []
        self.history = SimpleNamespace(recording=None)
        session = SimpleNamespace(clock=self.clock, history=self.history)
        context: Any = SimpleNamespace(session=session, bridge=self.jobs)
        self.asking = PastAsking(context, answered=self.shown.append, failed=self.said.append)

    def question(self, stream: str) -> Question:
        return Question(stream, span_of("day", self.clock.now_ns()), ())

    def reply(self, number: int, question: Question) -> Answer:
        span: Any = SimpleNamespace(t_ns=np.empty(0, np.int64))
        answer = Answer(question, span, ())
        self.jobs.jobs[number][0](answer)
        return answer


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_an_answer_that_comes_late_is_not_shown(rig: Rig) -> None:
    old, new = rig.question("a"), rig.question("b")
    assert rig.asking.ask(old)
    assert rig.asking.ask(new)
    newest = rig.reply(1, new)
    rig.reply(0, old)
    assert rig.shown == [newest]
    assert rig.asking.answer is newest


def test_the_same_is_not_asked_twice(rig: Rig) -> None:
    question = rig.question("a")
    assert rig.asking.ask(question)
    assert not rig.asking.ask(question)
    rig.asking.forget()
    assert rig.asking.ask(question), "another history may say something else"


def test_a_question_that_failed_may_be_asked_again(rig: Rig) -> None:
    old, new = rig.question("a"), rig.question("b")
    rig.asking.ask(old)
    rig.asking.ask(new)
    rig.jobs.jobs[0][1](OSError("no matter any more"))
    assert rig.said == []
    rig.jobs.jobs[1][1](OSError("the disk is gone"))
    assert rig.said == ["the disk is gone"]
    assert rig.asking.ask(new)


def test_a_span_that_goes_on_is_asked_for_again(rig: Rig) -> None:
    question = rig.question("a")
    rig.asking.ask(question)
    rig.clock.advance_s(AGAIN_NS / NS_PER_S + 1)
    assert not rig.asking.ask_again(), "the first answer is still to come"
    rig.reply(0, question)
    assert rig.asking.ask_again()
    assert not rig.asking.ask_again(), "it was just asked"
    rig.clock.advance_s(2 * 86_400)
    assert not rig.asking.ask_again(), "the day is over"
