"""Runs a simulated world with a made-up clock and gathers what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin.clock import NS_PER_S
from twin.room.model import CommandRequest
from twin.sim.acts import JobReport
from twin.sim.world import Samples, World

START_NS = 1_760_000_000 * NS_PER_S


@dataclass
class Drive:
    """A world, its clock and everything it said so far."""

    world: World
    dt_s: float = 0.1
    t_ns: int = START_NS
    n_commands: int = 0
    reports: list[JobReport] = field(default_factory=list)
    last: dict[int, float] = field(default_factory=dict)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float:
        """Step for `seconds` or until something holds; returns the seconds taken."""
        for step in range(round(seconds / self.dt_s)):
            self.t_ns += round(self.dt_s * NS_PER_S)
            tick = self.world.step(self.t_ns, self.dt_s)
            self.reports += tick.reports
            samples = tick.samples
            self.last.update(zip(samples.indices.tolist(), samples.values.tolist(), strict=True))
            if until():
                return (step + 1) * self.dt_s
        return seconds

    def gather(self, seconds: float) -> Samples:
        """All samples of `seconds`."""
        parts = []
        for _ in range(round(seconds / self.dt_s)):
            self.t_ns += round(self.dt_s * NS_PER_S)
            parts.append(self.world.step(self.t_ns, self.dt_s).samples)
        return Samples(
            indices=np.concatenate([p.indices for p in parts]),
            t_ns=np.concatenate([p.t_ns for p in parts]),
            values=np.concatenate([p.values for p in parts]),
            quality=np.concatenate([p.quality for p in parts]),
        )

    def seen(self, datastream_id: str) -> float:
        """Last observed value, as a console has it."""
        index = next(s.index for s in self.world.datastreams if s.id == datastream_id)
        return self.last[index]

    def command(self, type_id: str, target_id: str, **args: Any) -> CommandRequest:
        """Give a command that must be accepted."""
        request = self.request(type_id, target_id, **args)
        verdict = self.world.command(request)
        assert verdict.is_accepted, verdict.text
        return request

    def refusal(self, type_id: str, target_id: str, **args: Any) -> str:
        """Give a command that must be refused; returns why."""
        verdict = self.world.command(self.request(type_id, target_id, **args))
        assert not verdict.is_accepted
        return verdict.text

    def request(self, type_id: str, target_id: str, **args: Any) -> CommandRequest:
        """A command."""
        self.n_commands += 1
        return CommandRequest(
            id=f"command-{self.n_commands}",
            type_id=type_id,
            type_version=1,
            target_id=target_id,
            target_name=target_id,
            args=args,
        )

    def stages(self, request: CommandRequest) -> list[str]:
        """What was reported of a command, in order."""
        return [r.stage for r in self.reports if r.command_id == request.id]

    def first_of(self, kind: str) -> str:
        """Id of the first thing or unit of a kind that takes commands."""
        assets = (*self.world.things, *self.world.units)
        return next(asset.id for asset in assets if asset.kind == kind and asset.accepts)
