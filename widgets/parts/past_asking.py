"""Asks a history for what a datastream was; of several questions only the newest counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twin.clock import NS_PER_S
from twin.history.asking import Span
from twin.history.shelf import HistoryShelf
from widgets.bridge import JobProgress
from widgets.panel import PanelContext
from widgets.parts.past_spans import LocalSpan

BUCKETS = 600
#: A span that goes on is asked for again so often.
AGAIN_NS = 30 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a history; equal questions have equal answers while nothing is added."""

    datastream: str
    span: LocalSpan
    others: tuple[LocalSpan, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the span, and the others in the order of the question."""

    question: Question
    span: Span
    others: tuple[Span, ...]


def answer(shelf: HistoryShelf, question: Question, tell: JobProgress) -> Answer:
    """Ask a history. For a worker. Raises `TwinError`."""
    history = shelf.opened(tell)

    def past(span: LocalSpan) -> Span:
        return history.past(question.datastream, span.start_ns, span.end_ns, BUCKETS)

    return Answer(question, past(question.span), tuple(map(past, question.others)))


class PastAsking:
    """Asks the session's history. GUI thread; the history is read on a worker.

    Parameters
    ----------
    answered : gets the answer to the newest question
    failed : gets one sentence, why there is none

    Attributes
    ----------
    asked : the newest question, None = none, or it failed
    answer : the newest answer
    """

    def __init__(
        self,
        context: PanelContext,
        *,
        answered: Callable[[Answer], None],
        failed: Callable[[str], None],
    ) -> None:
        self.asked: Question | None = None
        self.answer: Answer | None = None
        self._session, self._bridge = context.session, context.bridge
        self._answered, self._failed = answered, failed
        self._asked_ns = 0

    def ask(self, question: Question) -> bool:
        """Have it looked up; False = it is what was asked last."""
        if question == self.asked:
            return False
        self._put(question)
        return True

    def ask_again(self) -> bool:
        """Ask once more if the span goes on and it is time; call it now and then."""
        question, now_ns = self.asked, self._session.clock.now_ns()
        if question is None or self.answer is None or self._session.history.recording is not None:
            return False
        goes_on = question.span.start_ns <= now_ns < question.span.end_ns
        if not goes_on or abs(now_ns - self._asked_ns) <= AGAIN_NS:
            return False
        self._put(question)
        return True

    def forget(self) -> None:
        """Another history is asked from now on."""
        self.asked = self.answer = None

    def _put(self, question: Question) -> None:
        self.asked, self._asked_ns = question, self._session.clock.now_ns()
        shelf = self._session.history
        reads = shelf.recording is not None and self.answer is None
        self._bridge.run_job(
            lambda tell: answer(shelf, question, tell),
            self._take,
            lambda error: self._fail(question, str(error)),
            title="Reading the values of the recording" if reads else "",
            cancelled=lambda: self._fail(question, "Not read"),
        )

    def _take(self, answer: Answer) -> None:
        if answer.question == self.asked:  # else something else was asked meanwhile
            self.answer = answer
            self._answered(answer)

    def _fail(self, question: Question, sentence: str) -> None:
        if question == self.asked:
            self.asked = None
            self._failed(sentence)
