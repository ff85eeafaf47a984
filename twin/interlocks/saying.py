"""What an interlock says to a person: the rule's own text, then the values that it looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping

from twin.interlocks.model import OtherCommand, Reading

_MOST_NAMED = 3


def filled(text: str, words: Mapping[str, str]) -> str:
    """A text with ``{name}`` replaced where the name is known."""
    return re.sub(r"\{([^{}]*)\}", lambda match: words.get(match[1], match[0]), text)


def say(
    text: str, *, target: str, links: Mapping[str, str], ids: Mapping[str, str],
    used: tuple[str, ...], known: Mapping[str, float], readings: Mapping[str, Reading],
    undecided: str = "", culprits: tuple[OtherCommand, ...] = (), is_by_route: bool = False,
) -> str:  # fmt: skip
    """One sentence: "Gate 3 stays shut while pump-2 runs (pump-2/pump_running = 1)".

    Parameters
    ----------
    target : name of the command's target
    links : placeholders that stand for ids
    ids : input -> datastream id
    used : inputs that the condition names
    known : input -> value
    undecided : why the condition could not be decided, "" = it holds
    culprits : commands that stand against it
    is_by_route : their routes matter, not their places
    """
    other = culprits[0].command.request.target_name if culprits else "another command"
    values = {name: f"{value:.4g}" for name, value in known.items()}
    sentence = filled(text, {**values, **links, "target": target, "other": other})
    missing = [_missing(ids[n], readings.get(ids[n])) for n in used if n not in known]
    facts = [] if undecided else [f"{ids[n]} = {values[n]}" for n in used if n in known]
    facts += [_named(one, is_by_route=is_by_route) for one in culprits[:_MOST_NAMED]]
    if len(culprits) > _MOST_NAMED:
        facts.append(f"{len(culprits) - _MOST_NAMED} more")
    if undecided:
        sentence += f": {'; '.join(missing) or undecided}"
    return f"{sentence} ({', '.join(facts)})" if facts else sentence


def _missing(datastream_id: str, seen: Reading | None) -> str:
    if seen is None:
        return f"{datastream_id} is not known"
    if seen.age_s < 0:
        return f"{datastream_id} is not known (its sample is of {-seen.age_s:.0f} s from now)"
    return f"{datastream_id} is not known (last sample {seen.age_s:.0f} s ago)"


def _named(other: OtherCommand, *, is_by_route: bool) -> str:
    request = other.command.request
    what = f"“{other.title or request.type_id}” for {request.target_name}"
    if is_by_route and other.route_distance_m is not None:
        return f"{what}, its route {other.route_distance_m:.0f} m away"
    if not is_by_route and other.distance_m is not None:
        return f"{what}, {other.distance_m:.0f} m away"
    return what
