"""Takes what the drawing tools drew: sketches and arrows are shared at once, the rest is named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from twin.analysis.finding import Drawn, Finding
from twin.marking import new_draft, put_mark
from twin.session import TwinSession
from widgets.tool_list import ToolList

#: What needs no words of its own.
AT_ONCE = frozenset({"sketch", "arrow"})


class MarkDriver:
    """From drawings to drafts and marks. GUI thread.

    Parameters
    ----------
    show_panel : opens the panel of an id
    """

    def __init__(
        self, *, session: TwinSession, tools: ToolList, show_panel: Callable[[str], None]
    ) -> None:
        self._session = session
        self._show_panel = show_panel
        self._taken: Drawn | None = None
        self._disconnects = [
            tools.found.connect(lambda found: self._take(found[1])),
            session.draft_changed.connect(self._show_draft),
            session.mark_inspected.connect(lambda _mark_id: show_panel("marks")),
        ]

    def close(self) -> None:
        """Let go of everything."""
        for disconnect in self._disconnects:
            disconnect()

    def _take(self, finding: Finding) -> None:
        drawn = finding.drawn
        if drawn is None or drawn is self._taken:
            return
        self._taken = drawn
        open_draft = self._session.draft
        if open_draft is not None and open_draft.kind == drawn.kind:
            self._session.set_draft(
                dataclasses.replace(open_draft, points=drawn.points_m, radius_m=drawn.radius_m)
            )
            return
        draft = new_draft(
            self._session,
            drawn.kind,
            drawn.points_m,
            radius_m=drawn.radius_m,
            purpose=drawn.purpose,
        )
        if drawn.kind in AT_ONCE:
            put_mark(self._session, draft)
        else:
            self._session.set_draft(draft)

    def _show_draft(self, draft: object) -> None:
        if draft is not None:
            self._show_panel("marks")
