"""Where a gateway keeps what it has published: in memory, or as files that others may fetch.

In a folder, ``published`` holds every message that has gone out and ``prepared`` the Cancel of each
alert that may still need one. A file is written whole or not at all, the Cancel before its Alert.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Protocol

from twin.cap.model import Alert, CapError
from twin.cap.prepared import Prepared, sent_at
from twin.cap.reading import read_alert
from twin.cap.writing import xml_of
from twin.city.toml_text import write_whole
from twin.clock import NS_PER_S

PUBLISHED, PREPARED = "published", "prepared"
CANCEL = "-cancel"
_log = logging.getLogger(__name__)


class AlertStore(Protocol):
    """Publishes alerts and knows which are in force. Messages go by the Alert's identifier."""

    def publish(self, both: Prepared) -> None:
        """Publish the Alert and keep its Cancel; again = nothing.

        Raises
        ------
        OSError
            It could not be written; nothing was published.
        """
        ...

    def cancel(self, identifier: str, now_ns: int, note: str) -> None:
        """Publish the prepared Cancel of an alert.

        Raises
        ------
        KeyError
            There is no such alert in force.
        OSError
            It could not be written; the alert is still in force.
        """
        ...

    def in_force(self, now_ns: int) -> frozenset[str]:
        """Identifiers of the alerts that have neither ended nor been cancelled."""
        ...


class MemoryAlerts:
    """Keeps everything in memory; for a world without a folder."""

    def __init__(self) -> None:
        self.published: dict[str, Alert] = {}
        self._cancels: dict[str, Alert] = {}

    def publish(self, both: Prepared) -> None:
        """Publish the Alert and keep its Cancel; again = nothing."""
        if both.alert.identifier not in self.published:
            self._cancels[both.alert.identifier] = both.cancel
            self.published[both.alert.identifier] = both.alert

    def cancel(self, identifier: str, now_ns: int, note: str) -> None:
        """Publish the prepared Cancel of an alert."""
        message = sent_at(self._cancels.pop(identifier), now_ns, note)
        self.published[message.identifier] = message

    def in_force(self, now_ns: int) -> frozenset[str]:
        """Identifiers of the alerts that have neither ended nor been cancelled."""
        return frozenset(name for name in self._cancels if ends_ns(self.published[name]) > now_ns)


class FolderAlerts:
    """Keeps everything in a folder, and finds there what an earlier process left.

    Raises
    ------
    OSError
        The folder cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self._published, self._prepared = folder / PUBLISHED, folder / PREPARED
        for place in (self._published, self._prepared):
            place.mkdir(parents=True, exist_ok=True)
        self._ends_ns: dict[str, int] = {}
        for path in sorted(self._published.glob("*.xml")):
            self._find(path)

    def publish(self, both: Prepared) -> None:
        """Write the Cancel, then the Alert; again = nothing."""
        identifier = both.alert.identifier
        alert_path = self._published / f"{identifier}.xml"
        if alert_path.exists():
            return
        write_whole(self._prepared / f"{identifier}{CANCEL}.xml", xml_of(both.cancel))
        write_whole(alert_path, xml_of(both.alert))
        self._ends_ns[identifier] = ends_ns(both.alert)

    def cancel(self, identifier: str, now_ns: int, note: str) -> None:
        """Send the prepared Cancel out."""
        if identifier not in self.in_force(now_ns):
            raise KeyError(identifier)
        prepared_path = self._prepared / f"{identifier}{CANCEL}.xml"
        message = sent_at(read_alert(prepared_path.read_bytes()), now_ns, note)
        write_whole(self._published / prepared_path.name, xml_of(message))
        del self._ends_ns[identifier]
        prepared_path.unlink(missing_ok=True)

    def in_force(self, now_ns: int) -> frozenset[str]:
        """Identifiers of the alerts that have neither ended nor been cancelled."""
        return frozenset(name for name, end_ns in self._ends_ns.items() if end_ns > now_ns)

    def _find(self, path: Path) -> None:
        """Take up an alert that was published before, unless it was cancelled."""
        if (self._published / f"{path.stem}{CANCEL}.xml").exists():
            return
        try:
            message = read_alert(path.read_bytes())
        except (OSError, CapError) as error:
            _log.warning("A published alert cannot be read (%s): %s", error, path)
            return
        if message.msg_type == "Alert":
            self._ends_ns[message.identifier] = ends_ns(message)


def ends_ns(alert: Alert) -> int:
    """When an alert ends by itself; 0 where it says no time."""
    times = [info.expires for info in alert.infos if info.expires]
    if not times:
        return 0
    return max(round(datetime.fromisoformat(text).timestamp()) for text in times) * NS_PER_S
