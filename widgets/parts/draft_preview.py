"""Keeps the picture of what prepared commands would change in step with them."""

from __future__ import annotations

from collections.abc import Sequence

from twin.commanding import Draft
from twin.commands.preview import Preview
from twin.previewing import preview_of_drafts
from twin.session import TwinSession


class DraftPreview:
    """Asks for a preview only when the commands are others. GUI thread.

    Parameters
    ----------
    owner : under which name it is drawn in the city
    """

    def __init__(self, session: TwinSession, owner: str) -> None:
        self._session = session
        self._owner = owner
        self._drafts: tuple[Draft, ...] = ()
        self._preview: Preview | None = None

    def show(self, drafts: Sequence[Draft]) -> Preview | None:
        """Draw what these would change, nothing for none; the preview."""
        if tuple(drafts) != self._drafts:
            self._drafts = tuple(drafts)
            self._preview = preview_of_drafts(self._session, self._drafts)
            self._session.show_preview(self._owner, self._preview)
        return self._preview
