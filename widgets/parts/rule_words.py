"""Event rules for a person."""

from __future__ import annotations

from twin.perception.rules_editing import about_text
from twin.ruling import Reach, RuleStanding
from twin.theme import Theme
from widgets.parts.alarm_words import PRIORITY_LETTERS
from widgets.parts.row_list import ListRow
from widgets.parts.wording import clock_text, count_text


def rule_row(one: RuleStanding, theme: Theme) -> ListRow:
    """One rule of the list; coloured only while alarms of it are open."""
    rule, entry = one.entry.rule, one.entry
    note = "Off" if not entry.is_on else f"{one.n_open:,} open" if one.n_open else ""
    last = f"last {clock_text(one.fired.last_ns)}, {one.fired.last_place}" if one.fired else ""
    detail = " · ".join(part for part in (last, about_text(rule)) if part)
    return ListRow(
        key=entry.id, title=rule.title, detail=detail, letter=PRIORITY_LETTERS[rule.priority],
        colour=theme.priority[rule.priority.value] if one.n_open else "", note=note,
        is_quiet=not one.n_open,
    )  # fmt: skip


def reach_text(reach: Reach) -> str:
    """What a rule is about and where it would hold now."""
    if not reach.n:
        return "There is no such datastream in the city"
    what = count_text(reach.n, "datastream")
    where = f" in {count_text(reach.n_areas, 'area')}" if reach.n_areas else ""
    more = " …" if reach.n > len(reach.names) else ""
    named = f": {', '.join(reach.names)}{more}"
    if reach.n_true is None:
        now = "it looks back, so ask a dry run where it would hold"
    elif reach.n_true:
        now = f"its condition holds at {reach.n_true:,} of them now"
    else:
        now = "its condition holds at none of them now"
    return f"About {what}{where}{named}; {now}"
