"""How a playbook goes on: which steps open, which are passed over, what was planned and what was.

Pure functions over a run and its tasks: hub, consoles, replay and reports come to the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias

from twin.clock import NS_PER_S
from twin.playbooks.model import Evidence, Playbook, PlaybookRun, Step, task_id
from twin.playbooks.rules import guard_of
from twin.room.model import Operator

Status: TypeAlias = Literal["waiting", "open", "taken", "done", "skipped", "passed"]
#: A step in one of these keeps nobody waiting.
OVER: Final = frozenset({"done", "skipped", "passed"})
_STATUS: Final[Mapping[str, Status]] = {
    "open": "open", "taken": "taken", "done": "done", "skipped": "skipped"
}  # fmt: skip


class StepTask(Protocol):
    """What is read of the task that a step became; `twin.room.parts.incidents.Task` is one."""

    @property
    def status(self) -> str:
        """Status of the task."""

    @property
    def by(self) -> Operator | None:
        """Who moved it last."""

    @property
    def at_ns(self) -> int:
        """When it was moved last, 0 = never."""

    @property
    def given_ns(self) -> int:
        """When it opened."""

    @property
    def due_ns(self) -> int:
        """Its deadline, 0 = none."""

    @property
    def found(self) -> str:
        """What was found, or why it was skipped."""

    @property
    def evidence(self) -> Evidence | None:
        """What goes with it."""


TaskOf: TypeAlias = Callable[[str], StepTask | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where one step stands: as planned when the playbook was started, and as it went.

    Attributes
    ----------
    planned_ns : when it was to be over if every step had used its time, 0 = no deadline
    due_ns : its deadline since it opened, 0 = none or not open yet
    ended_ns : when it was done or skipped, 0 = it was not
    text : what was found, why it was skipped or passed
    """

    step: Step
    status: Status
    planned_ns: int = 0
    opened_ns: int = 0
    due_ns: int = 0
    ended_ns: int = 0
    by: Operator | None = None
    text: str = ""
    evidence: Evidence | None = None

    @property
    def late_ns(self) -> int:
        """How much later than its deadline it ended; negative = earlier, 0 = neither is known."""
        return self.ended_ns - self.due_ns if self.ended_ns and self.due_ns else 0

    def is_overdue(self, now_ns: int) -> bool:
        """Whether it should be over and is not."""
        return self.status in ("open", "taken") and 0 < self.due_ns < now_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What follows from where a run stands.

    Attributes
    ----------
    opened : steps that open now, with their deadlines (hub time, 0 = none)
    passed : steps that never open -> why
    is_ended : every step is over
    """

    opened: tuple[tuple[Step, int], ...] = ()
    passed: Mapping[str, str] = field(default_factory=dict)
    is_ended: bool = False


def next_moves(run: PlaybookRun, task_of: TaskOf, now_ns: int) -> Moves:
    """What is due in a run; nothing when it was all done before."""
    passed = dict(run.passed)
    opened: list[tuple[Step, int]] = []
    tasks = {step.id: task_of(task_id(run.id, step.id)) for step in run.playbook.steps}

    def is_over(step_id: str) -> bool:
        task = tasks.get(step_id)
        return step_id in passed or (task is not None and task.status in OVER)

    is_moving = True
    while is_moving:  # passing one step over may pass the next ones over
        is_moving = False
        for step in run.playbook.steps:
            is_new = step.id not in passed and tasks[step.id] is None
            if not is_new or not all(is_over(one.step) for one in step.after):
                continue
            if step.id in {one.id for one, _ in opened}:
                continue
            why = _why_passed(run.playbook, step, tasks, passed)
            if why:
                passed[step.id] = why
                is_moving = True
            else:
                opened.append((step, _due_ns(run, step, tasks, now_ns)))
    new = {step_id: why for step_id, why in passed.items() if step_id not in run.passed}
    is_ended = not opened and all(is_over(step.id) for step in run.playbook.steps)
    return Moves(opened=tuple(opened), passed=new, is_ended=is_ended)


def _why_passed(
    playbook: Playbook, step: Step, tasks: Mapping[str, StepTask | None], passed: Mapping[str, str]
) -> str:
    """Why a step whose predecessors are over never opens, "" if it does."""
    if not step.after:
        return ""
    wanted: dict[str, set[str]] = {}
    for one in step.after:
        wanted.setdefault(one.step, set()).add(one.choice)
    for step_id, choices in wanted.items():
        if "" not in choices and _choice_of(tasks[step_id]) not in choices:
            return _not_chosen(playbook, step_id, tasks[step_id])
    if all(step_id in passed for step_id in wanted):
        return f"“{_title(playbook, next(iter(wanted)))}” was not needed"
    return ""


def _choice_of(task: StepTask | None) -> str:
    is_answered = task is not None and task.status == "done" and task.evidence is not None
    return task.evidence.choice if is_answered else ""  # type: ignore[union-attr]


def _not_chosen(playbook: Playbook, step_id: str, task: StepTask | None) -> str:
    asked, chosen = playbook.step(step_id), _choice_of(task)
    title = _title(playbook, step_id)
    if asked is None or not chosen:
        return f"“{title}” was not answered"
    answer = next((one.title for one in asked.choices if one.id == chosen), chosen)
    return f"“{title}” was answered “{answer}”"


def _title(playbook: Playbook, step_id: str) -> str:
    step = playbook.step(step_id)
    return step.title if step is not None else step_id


def _due_ns(run: PlaybookRun, step: Step, tasks: Mapping[str, StepTask | None], now_ns: int) -> int:
    if not step.deadline_s:
        return 0
    since_ns = now_ns
    if step.deadline_of == "start":
        since_ns = run.started_ns
    elif step.deadline_of:
        task = tasks.get(step.deadline_of)
        since_ns = task.at_ns if task is not None and task.at_ns else now_ns
    return since_ns + round(step.deadline_s * NS_PER_S)


def plan_of(playbook: Playbook) -> dict[str, float]:
    """When each step is to be over if every one uses its whole time, seconds after the start.

    A step without a deadline is thought to take no time; one before which there is no deadline at
    all is left out. Branches are planned as if each were taken.
    """
    planned: dict[str, float] = {}
    steps = {step.id: step for step in playbook.steps}
    left = list(steps)
    while left:
        ready = [s for s in left if all(one.step not in left for one in steps[s].after)]
        if not ready:  # a circle: refused when it was read
            break
        for step_id in ready:
            left.remove(step_id)
            end_s = _planned_end_s(steps[step_id], planned)
            if end_s is not None:
                planned[step_id] = end_s
    return planned


def _planned_end_s(step: Step, planned: Mapping[str, float]) -> float | None:
    before = [planned[one.step] for one in step.after if one.step in planned]
    if not step.deadline_s:
        return max(before, default=None)
    if step.deadline_of == "start":
        return step.deadline_s
    if step.deadline_of:
        return planned.get(step.deadline_of, max(before, default=0.0)) + step.deadline_s
    return max(before, default=0.0) + step.deadline_s


def progress_of(run: PlaybookRun, task_of: TaskOf) -> tuple[Progress, ...]:
    """Plan against done: one row a step, in the playbook's order."""
    plan = plan_of(run.playbook)
    return tuple(_row(run, step, task_of, plan) for step in run.playbook.steps)


def _row(run: PlaybookRun, step: Step, task_of: TaskOf, plan: Mapping[str, float]) -> Progress:
    planned_ns = 0
    if step.id in plan:
        planned_ns = run.started_ns + round(plan[step.id] * NS_PER_S)
    task = task_of(task_id(run.id, step.id))
    if task is None:
        why = run.passed.get(step.id, "")
        status: Status = "passed" if why else "waiting"
        return Progress(step=step, status=status, planned_ns=planned_ns, text=why)
    return Progress(
        step=step,
        status=_STATUS[task.status],
        planned_ns=planned_ns,
        opened_ns=task.given_ns,
        due_ns=task.due_ns,
        ended_ns=task.at_ns if task.status in OVER else 0,
        by=task.by,
        text=task.found,
        evidence=task.evidence,
    )


def guard_state(step: Step, values: Mapping[str, float]) -> bool | str:
    """Whether the guard of a step holds; a text says why that is not known. True without one."""
    guard = guard_of(step)
    return True if guard is None else guard.ask(values, {})


def refusal(
    step: Step,
    status: str,
    evidence: Evidence,
    facts: Mapping[str, float],
    unverified: tuple[str, ...] = (),
    *,
    gives_command: bool = False,
) -> str:
    """Why a step cannot become "taken" or "done" with this evidence, "" if it can.

    Parameters
    ----------
    facts : the numbers of `twin.playbooks.rules.ROOM_FACTS`
    unverified : what is to be said of its commands that are not VERIFIED
    gives_command : a command is given with this move: what its guard is for. What the command has
        done to the values of the guard says nothing against the step afterwards
    """
    choices = [one.id for one in step.choices]
    if status == "done" and choices and evidence.choice not in choices:
        return f"“{step.title}” is a question; answer with one of {', '.join(choices)}"
    if evidence.choice and evidence.choice not in choices:
        return f"“{step.title}” has no choice “{evidence.choice[:40]}”"
    if evidence.override.strip():
        return ""
    is_guarded = gives_command or (status == "done" and step.command is None)
    if step.guard and is_guarded:
        values = {one.name: one.value for one in evidence.readings}
        holds = guard_state(step, {**values, **facts})
        if holds is not True:
            wanted = step.guard_text or step.guard
            why = f" ({holds})" if isinstance(holds, str) else ""
            return f"“{step.title}” waits: {wanted}{why}. Wait, or pass it over with a reason"
    if status == "done" and step.command is not None:
        if not evidence.commands:
            return f"The command of “{step.title}” was not given; give it, or say how it was done"
        if unverified:
            return f"“{step.title}” is not done: {unverified[0]}"
    return ""
