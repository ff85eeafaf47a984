"""Seeds of trouble: whatever fails when, what was acknowledged stays, and nothing runs unasked.

A failing seed is printed; ``run(seed)`` replays it exactly. ``CIVITWIN_SEEDS=from:to`` chooses.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context

import msgspec
import pytest

from tests.twin.simulation.judge import judge
from tests.twin.simulation.linear import (
    Operation,
    approval_model,
    is_linearizable,
    lease_model,
)
from tests.twin.simulation.town import run

BATCH = 50
FAST, LONG = 500, 10_000


def _seeds() -> range:
    chosen = os.environ.get("CIVITWIN_SEEDS", "")
    if chosen:
        first, last = map(int, chosen.split(":"))
        return range(first, last)
    return range(FAST)


def judge_seeds(seeds: range) -> None:
    """Play seeds one after the other; the first that breaks an invariant is named."""
    for seed in seeds:
        try:
            judge(run(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.parametrize("first", range(0, len(_seeds()), BATCH))
def test_seeds(first: int) -> None:
    judge_seeds(_seeds()[first : first + BATCH])


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_many_seeds() -> None:
    batches = [range(first, first + BATCH) for first in range(FAST, LONG, BATCH)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as workers:
        assert sum(1 for _ in workers.map(judge_seeds, batches)) == len(batches)


def test_the_same_seed_is_the_same_story() -> None:
    one, other = run(7), run(7)
    assert list(one.hub.journal.events()) == list(other.hub.journal.events())
    assert one.actuator.executed == other.actuator.executed


def fingerprint(seeds: range) -> str:
    """What came of some seeds, in a word."""
    word = sha256()
    for one in map(run, seeds):
        word.update(msgspec.json.encode([list(one.hub.journal.events()), one.actuator.executed]))
    return word.hexdigest()


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_that_failed_elsewhere_fails_here(hash_seed: str) -> None:
    """Nothing hangs on the order of a set, which is another in each process."""
    seeds = range(20, 26)
    program = f"import {__name__} as it; print(it.fingerprint({seeds!r}))"
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == fingerprint(seeds)


def test_the_seeds_hold_trouble() -> None:
    """A simulation in which nothing goes wrong proves nothing."""
    runs = [run(seed) for seed in range(40)]
    assert sum(one.hub.n_crashes for one in runs) > 20
    assert sum(len(one.actuator.executed) for one in runs) > 40
    assert sum(one.hub.journal.n_refused for one in runs) > 5
    assert sum(console.n_torn for one in runs for console in one.consoles) > 10
    kinds = {e.body.get("state") for one in runs for e in one.hub.journal.events()}
    wanted = {"VERIFIED", "UNKNOWN", "REJECTED", "DENIED", "EXPIRED", "CANCELLED", "FAILED"}
    assert wanted <= kinds, wanted - kinds


def op(who: str, what: str, called: int, answered: int, result: bool | None) -> Operation:
    return Operation(who, (what,), called, answered, result)


def test_the_checker_knows_right_from_wrong() -> None:
    model = lease_model({"a": 1, "b": 2})
    both = [op("a", "take", 0, 1, True), op("b", "take", 2, 3, True)]
    assert not is_linearizable(both, model, "")
    at_once = [op("a", "take", 0, 5, True), op("b", "take", 1, 4, False)]
    assert is_linearizable(at_once, model, "")
    unsure = [op("a", "take", 0, 1 << 62, None), op("b", "take", 2, 3, False)]
    assert is_linearizable(unsure, model, "")
    none_there = [op("b", "take", 2, 3, False)]
    assert not is_linearizable(none_there, model, "")
    seized = [
        op("a", "take", 0, 1, True),
        op("b", "seize", 2, 3, True),
        op("a", "release", 4, 5, True),
    ]
    assert not is_linearizable(seized, model, "")
    approved = approval_model(1, "a")
    assert not is_linearizable([op("a", "yes", 0, 1, True)], approved, (frozenset(), False))
    twice = [op("b", "yes", 0, 1, True), op("b", "yes", 2, 3, True)]
    assert not is_linearizable(twice, approval_model(3, "a"), (frozenset(), False))
