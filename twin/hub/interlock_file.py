"""The file of interlocks that a hub was started with, followed while it runs."""

from __future__ import annotations

import logging
from pathlib import Path

from twin.hub.requests import PolicyChanged, RulesUnreadable
from twin.hub.rule_files import RuleFile
from twin.interlocks.rule_file import load_interlocks
from twin.interlocks.rules import Rules

_log = logging.getLogger(__name__)


class InterlockFile:
    """Interlocks of a hub. One thread.

    Raises
    ------
    TwinError
        From the constructor: the file cannot be used as it is.
    """

    def __init__(self, path: Path) -> None:
        self._file: RuleFile[Rules] = RuleFile(path, load_interlocks)

    @property
    def rules(self) -> Rules:
        """In force now."""
        return self._file.value

    @property
    def trouble(self) -> str:
        """Why the newest content of the file is not in force, "" = it is."""
        text = self._file.trouble
        return f"{text}; the former rules stay in force" if text else ""

    def poll(self) -> PolicyChanged | RulesUnreadable | None:
        """Look at the file again; what the core has to know, None = nothing changed."""
        if not self._file.has_changed():
            return None
        if self.trouble:
            _log.error("%s", self.trouble)
            return RulesUnreadable(self.trouble)
        return PolicyChanged(interlocks=self.rules)
