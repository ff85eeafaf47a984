"""What an actuator does with a command, and the jobs that are under way. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from twin.room.model import CommandRequest

Args: TypeAlias = Mapping[str, Any]
Point: TypeAlias = tuple[float, float, float]
START_DELAY_S = 0.8
GIVE_UP_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One command type as an actuator carries it out. Each function gets (target id, args).

    Attributes
    ----------
    refuse : why it cannot be done now, one sentence; "" = it can
    begin : does it; returns a sentence on what is happening
    outcome : "" while it goes on, else a sentence on how it ended
    failure : "" unless it can no longer succeed, else why
    cancel : stops what can still be stopped
    route : corners of the way a unit will take, once `begin` has sent it
    begin_request : called in place of `begin` by what must know the command's id
    delay_s : from being accepted to `begin`; 0 = begins in the same moment, before any further
        sample, so that no reading from before can be taken for the effect
    give_up_s : after that it failed
    """

    refuse: Callable[[str, Args], str]
    begin: Callable[[str, Args], str]
    outcome: Callable[[str, Args], str]
    failure: Callable[[str, Args], str] = lambda _target, _args: ""
    cancel: Callable[[str], None] = lambda _target: None
    route: Callable[[str], tuple[Point, ...]] = lambda _target: ()
    begin_request: Callable[[CommandRequest], str] | None = None
    delay_s: float = START_DELAY_S
    give_up_s: float = GIVE_UP_S


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first answer to a command; ``route`` where a unit has been sent on a way."""

    is_accepted: bool
    text: str
    route: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class JobReport:
    """News of a command under way."""

    command_id: str
    target_id: str
    stage: Literal["executing", "done", "failed"]
    text: str


@dataclass(slots=True)
class _Job:
    request: CommandRequest
    act: Act
    given_s: float
    has_begun: bool = False

    def begin(self) -> JobReport:
        self.has_begun = True
        if self.act.begin_request is not None:
            text = self.act.begin_request(self.request)
        else:
            text = self.act.begin(self.request.target_id, self.request.args)
        return JobReport(self.request.id, self.request.target_id, "executing", text)


@dataclass(slots=True)
class Jobs:
    """Commands under way, one a target and command type.

    Parameters
    ----------
    acts : by command type id
    accepts : command types by target id
    broken : targets that take commands and then fail
    """

    acts: Mapping[str, Act]
    accepts: Mapping[str, tuple[str, ...]]
    broken: set[str] = field(default_factory=set)
    _jobs: dict[str, _Job] = field(default_factory=dict)
    _news: list[JobReport] = field(default_factory=list)

    def give(self, request: CommandRequest, elapsed_s: float) -> Verdict:
        """Check a command and take it on, or say why not."""
        accepted_types = self.accepts.get(request.target_id)
        if accepted_types is None:
            return Verdict(False, f"There is no asset called {request.target_id} here")
        act = self.acts.get(request.type_id)
        if act is None or request.type_id not in accepted_types:
            return Verdict(False, f"{request.target_name} does not act on {request.type_id}")
        try:
            reason = act.refuse(request.target_id, request.args)
        except (KeyError, TypeError, ValueError, OverflowError):
            return Verdict(False, f"The values of {request.type_id} are incomplete or not numbers")
        if reason:
            return Verdict(False, reason)
        self._replace(request)
        job = self._jobs[request.id] = _Job(request, act, elapsed_s)
        if act.delay_s == 0 and request.target_id not in self.broken:
            self._news.append(job.begin())
        text = f"{request.target_name} has taken the command"
        return Verdict(True, text, act.route(request.target_id) if job.has_begun else ())

    def cancel(self, command_id: str) -> None:
        """Forget a command; what has begun is stopped where that makes sense."""
        job = self._jobs.pop(command_id, None)
        if job is not None and job.has_begun:
            job.act.cancel(job.request.target_id)

    def step(self, elapsed_s: float) -> tuple[JobReport, ...]:
        """Begin what is due and report what changed."""
        reports, self._news = self._news, []
        for command_id, job in list(self._jobs.items()):
            report = self._advance(command_id, job, elapsed_s)
            if report is not None:
                reports.append(report)
        return tuple(reports)

    def _advance(self, command_id: str, job: _Job, elapsed_s: float) -> JobReport | None:
        target, args, age_s = job.request.target_id, job.request.args, elapsed_s - job.given_s
        if target in self.broken and age_s >= job.act.delay_s:
            del self._jobs[command_id]
            text = f"{job.request.target_name} does not move: its drive is out of order"
            return JobReport(command_id, target, "failed", text)
        if not job.has_begun:
            return job.begin() if age_s >= job.act.delay_s else None
        outcome = job.act.outcome(target, args)
        failure = "" if outcome else job.act.failure(target, args)
        if not outcome and not failure and age_s > job.act.give_up_s:
            failure = f"Not reached within {job.act.give_up_s:.0f} s"
        if not outcome and not failure:
            return None
        del self._jobs[command_id]
        stage: Literal["done", "failed"] = "done" if outcome else "failed"
        return JobReport(command_id, target, stage, outcome or failure)

    def _replace(self, request: CommandRequest) -> None:
        """A newer command to the same target ends the older one."""
        for command_id, job in list(self._jobs.items()):
            if job.request.target_id == request.target_id:
                del self._jobs[command_id]
                text = "A newer command took over"
                self._news.append(JobReport(command_id, request.target_id, "failed", text))
