"""What a past says, in words: for who does not read plots, and under the reading line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from twin.clock import NS_PER_S
from twin.history.asking import Span
from twin.sense.model import Datastream
from widgets.parts.wording import value_text


def mean_of(span: Span) -> float | None:
    """Mean over all values of a span, None where it has none."""
    n = int(span.count.sum())
    return float((span.mean * span.count).sum()) / n if n else None


def sum_text(span: Span, stream: Datastream, others: Sequence[tuple[str, Span]]) -> str:
    """How many values, from where to where, their mean, and that of the others beside it."""
    mean = mean_of(span)
    if mean is None:
        return "Nothing is kept of this datastream in this span"
    n = int(span.count.sum())
    values = "1 value" if n == 1 else f"{n:,} values"
    low, high = (
        value_text(float(span.low.min()), stream),
        value_text(float(span.high.max()), stream),
    )
    text = f"{values}, {low} to {high}, mean {value_text(mean, stream)}"
    for name, other in others:
        theirs = mean_of(other)
        said = "nothing kept" if theirs is None else f"mean {value_text(theirs, stream)}"
        text += f"; {name}: {said}"
    return text


def read_text(
    span: Span, bucket: int, stream: Datastream, others: Sequence[tuple[str, float | None]]
) -> str:
    """One bucket: when, its mean, from where to where, and the others at the same time."""
    at = datetime.fromtimestamp(int(span.t_ns[bucket]) / NS_PER_S).astimezone()
    text = f"{at:%a %d %b %H:%M:%S}: {value_text(float(span.mean[bucket]), stream)}"
    low, high = float(span.low[bucket]), float(span.high[bucket])
    if low != high:
        text += f" ({value_text(low, stream)} to {value_text(high, stream)})"
    for name, value in others:
        if value is not None:
            text += f"; {name}: {value_text(value, stream)}"
    return text
