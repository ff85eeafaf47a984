"""Message signs over the streets: they show a text, and report its code."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.commands.show_sign import SIGN_LETTERS, sign_code
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

_MOST = 24


class Signs:
    """Every sign is blank at first."""

    def __init__(self, city: SiteMap, roster: Roster) -> None:
        sites = city.at_places(("message_sign",), _MOST)
        count = int(np.clip(city.graph.n_edges // 25, 2, _MOST))
        sites = sites or city.on_streets(count, height_m=6.0)
        things = [
            roster.add_thing(
                Thing(
                    id=f"sign-{k + 1}",
                    name=site.label if site.place else roster.numbered(f"Sign {site.label}"),
                    kind="message_sign",
                    xyz=site.xyz,
                    accepts=("sign.show", "sign.clear"),
                    department="traffic",
                )
            )
            for k, site in enumerate(sites)
        ]
        self._streams = roster.streams(things, "text_code")
        self._codes = np.zeros(len(things))
        self._row_of = {thing.id: k for k, thing in enumerate(things)}
        self._name_of = {thing.id: thing.name for thing in things}
        self.acts = {
            "sign.show": Act(refuse=self._refuse_show, begin=self._show, outcome=self._shows),
            "sign.clear": Act(refuse=self._refuse_clear, begin=self._clear, outcome=self._is_blank),
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:
        """A sign changes at once."""

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write the codes of what is shown."""
        values[self._streams] = self._codes

    def _refuse_show(self, target: str, args: Args) -> str:
        text = str(args["text"])
        if not 0 < len(text) <= SIGN_LETTERS or not text.isprintable():
            return f"{self._name_of[target]} shows 1 to {SIGN_LETTERS} letters on one line"
        is_shown = self._codes[self._row_of[target]] == sign_code(text)
        return f"{self._name_of[target]} already shows that" if is_shown else ""

    def _show(self, target: str, args: Args) -> str:
        self._codes[self._row_of[target]] = sign_code(str(args["text"]))
        return f"{self._name_of[target]} is changing its text"

    def _shows(self, target: str, args: Args) -> str:
        is_shown = self._codes[self._row_of[target]] == sign_code(str(args["text"]))
        return f"{self._name_of[target]} shows “{args['text']}”" if is_shown else ""

    def _refuse_clear(self, target: str, _: Args) -> str:
        is_blank = self._codes[self._row_of[target]] == 0
        return f"{self._name_of[target]} is already blank" if is_blank else ""

    def _clear(self, target: str, _: Args) -> str:
        self._codes[self._row_of[target]] = 0.0
        return f"{self._name_of[target]} is going blank"

    def _is_blank(self, target: str, _: Args) -> str:
        is_blank = self._codes[self._row_of[target]] == 0
        return f"{self._name_of[target]} is blank" if is_blank else ""
