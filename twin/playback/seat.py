"""Plays one seat of a script on a console, or what the stage does, step after step.

Called a few times a second on the console's thread (with a window: the GUI thread).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twin.errors import TwinError
from twin.link.status import LinkState
from twin.playback.act_bodies import NotYetError
from twin.playback.conditions import Scene, Waiting
from twin.playback.doing import Doer
from twin.playback.hands import Hands, NoHands
from twin.playback.scene_clock import SceneTime, WallTime, time_text
from twin.playback.script import Condition, Script, Step
from twin.session import TwinSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a step ended; ``text`` "" = as it should.

    Attributes
    ----------
    took_s : of the scene, since the step before or since it was due
    at_s : time of the scene
    """

    step: Step
    text: str = ""
    took_s: float = 0.0
    at_s: float = 0.0


class SeatPlayer:
    """Waits until a step is due and its condition holds, does it, and says how it went.

    Parameters
    ----------
    run : names this run; with a label it makes a command's id, the same at every seat
    last_value : last good observation of a datastream
    tell : called with each step's outcome
    time : of the scene; None = the machine's
    steps : what is played here; None = the steps of the seat
    """

    def __init__(
        self,
        session: TwinSession,
        script: Script,
        *,
        seat: str,
        run: str,
        last_value: Callable[[str], float | None],
        tell: Callable[[Outcome], None],
        hands: Hands | None = None,
        time: SceneTime | None = None,
        steps: Sequence[Step] | None = None,
    ) -> None:
        self._session, self._script = session, script
        self._last_value, self._tell = last_value, tell
        self._doer = Doer(session, script, run, hands or NoHands())
        self._time = time or WallTime(session.clock)
        self._steps = list(script.of_seat(seat) if steps is None else steps)
        self._since_s = self._time.now_s()
        self._waiting: Waiting | None = None
        self._asked = ""

    @property
    def is_over(self) -> bool:
        """Whether no step is left."""
        return not self._steps

    @property
    def left(self) -> tuple[Step, ...]:
        """Steps that are still to come."""
        return tuple(self._steps)

    def command_id(self, label: str) -> str:
        """Id of the command of a label in this run."""
        return self._doer.command_id(label)

    def step(self) -> None:
        """Do the next step if it is due and what it waits for has come true."""
        if not self._steps:
            return
        step, now_s = self._steps[0], self._time.now_s()
        if step.at_s is not None and now_s < step.at_s:
            return
        if self._waiting is None:
            self._waiting = Waiting(step.when)
            self._since_s = max(self._since_s, step.at_s or 0.0)
        if self._session.hub.status().state is not LinkState.LIVE:
            self._give_up_if_late(step)
        elif self._asked:
            self._hear(step)
        elif step.verb == "if":
            self._branch(step, now_s)
        elif self._waiting.is_met(self._scene(now_s)):
            self._do(step)
        else:
            self._give_up_if_late(step)

    def _scene(self, now_s: float) -> Scene:
        return Scene(
            room=self._session.hub.room, last_value=self._last_value,
            command_id=self.command_id, seats=self._script.seats, now_s=now_s,
            since_s=self._since_s,
        )  # fmt: skip

    def _branch(self, step: Step, now_s: float) -> None:
        is_met = self._waiting is not None and self._waiting.is_met(self._scene(now_s))
        self._end_step(step, "")
        self._steps[:0] = step.then if is_met else step.otherwise

    def _do(self, step: Step) -> None:
        try:
            self._asked = self._doer.do(step)
        except NotYetError as error:
            self._give_up_if_late(step, str(error))
        except TwinError as error:
            self._end_step(step, str(error))
        else:
            if not self._asked:
                self._end_step(step, "")

    def _hear(self, step: Step) -> None:
        """Wait for the hub's answer to what was asked."""
        answer = self._doer.answer(self._asked)
        if answer is None:
            self._give_up_if_late(step, "the hub has not answered")
        else:
            self._end_step(step, answer)

    def _end_step(self, step: Step, text: str) -> None:
        now_s = self._time.now_s()
        took_s = now_s - self._since_s
        self._steps.pop(0)
        self._since_s, self._waiting, self._asked = now_s, None, ""
        self._tell(Outcome(step=step, text=text, took_s=round(took_s, 2), at_s=round(now_s, 2)))

    def _give_up_if_late(self, step: Step, why: str = "") -> None:
        now_s = self._time.now_s()
        end_s = self._since_s + step.within_s if step.by_s is None else step.by_s
        if step.verb == "wait_for_audience":
            end_s = math.inf
        if now_s <= end_s:
            return
        when = f"within {step.within_s:g} s" if step.by_s is None else f"by {time_text(end_s)}"
        text = f"not {when}: {step.when.text()}{self._how_it_stands(step.when)}"
        self._end_step(step, f"{text} ({why})" if why else text)

    def _how_it_stands(self, when: Condition) -> str:
        if when.label:
            command = self._session.hub.room.commands.get(self.command_id(when.label))
            return (
                f"; it is {command.state}: {command.state_text}" if command else "; it is unknown"
            )
        if when.datastream:
            return f"; it is {self._last_value(when.datastream)}"
        return ""
