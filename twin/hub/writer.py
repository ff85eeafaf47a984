"""The one writer of a room: core and journal, which never say different things.

Hard-won rules (each guarded in tests/twin/test_hub_server.py and test_hub_writer.py):

1. After a failed commit the room is folded anew from the journal, and nothing that would make an
   event is taken until the journal can be written again.
2. Another hub took over: `JournalLostError` goes through here untouched, nothing is tried again.
3. A bug over one request costs that request, not the hub.
4. Nobody repeats that somebody left or that rules changed: what is told in the meantime is kept,
   else somebody who is gone stays in the room, with their leases. So is the beginning of a run,
   which clears the room of who was there in the last one.
"""

from __future__ import annotations

import logging

import msgspec

from twin.hub.connected import Connected
from twin.hub.core import HubCore
from twin.hub.pace import Pace
from twin.hub.requests import (
    Asked,
    Greeted,
    Lost,
    PolicyChanged,
    Request,
    RulesUnreadable,
    StepResult,
    TargetsSeen,
    Tick,
)
from twin.hub.restoring import Snapshots, stored_room
from twin.hub.rounds import HubCounts, Round, refusal
from twin.journal.base import Journal, JournalError, JournalLostError
from twin.link.control import ActuatorReply, HubInfo
from twin.room.model import Event

_PROBE_S = 1.0
_log = logging.getLogger(__name__)


class RoomWriter:
    """Steps the core for one request after the other, and commits what came of a round.

    One thread. While there is `trouble`, requests are refused for now and whoever says hello waits
    in front of the core; they come in when the journal can be written again, after what rule 4
    keeps.

    Parameters
    ----------
    core : holds what the journal holds
    info : what those are welcomed with who come while there is trouble
    connected : notes whom the core, or this, has welcomed

    Attributes
    ----------
    trouble : why nothing can be stored, a sentence; "" = all is well
    """

    def __init__(
        self,
        *,
        core: HubCore,
        journal: Journal,
        pace: Pace,
        info: HubInfo,
        connected: Connected,
        counts: HubCounts,
    ) -> None:
        self.trouble = ""
        self._core = core
        self._journal = journal
        self._pace = pace
        self._info = info
        self._connected = connected
        self._counts = counts
        self._snapshots = Snapshots(journal)
        self._waiting: dict[str, Greeted] = {}
        self._owed: list[Request] = []
        self._has_begun = False

    def start(self, work: Round) -> None:
        """First step of a run."""
        work.steps.append((Tick(), self._core.start(self._pace.hub_ns())))

    def step(self, work: Round, request: Request) -> None:
        """Have the core take a request; what comes of it is in `work` until `commit`."""
        if self.trouble and not isinstance(request, TargetsSeen):
            self._defer(work, request)
            return
        try:
            result = self._core.step(request, self._pace.hub_ns())
        except Exception:  # noqa: BLE001 - see _leave_out
            _log.exception("The hub broke down over a request and left it out")
            self._leave_out(work, request)
            return
        if isinstance(request, Greeted) and isinstance(result.reply, HubInfo):
            self._connected.hear(bytes.fromhex(request.session))
        work.steps.append((request, result))

    def lose(self, work: Round, session: str, reason: str) -> None:
        """A connection ended."""
        if self._waiting.pop(session, None) is None:
            self.step(work, Lost(session, reason))

    def tick(self, work: Round) -> None:
        """Time has passed; call it several times a second."""
        if self.trouble:
            self._try_to_recover(work)
            return
        self.step(work, Tick())
        try:
            self._journal.tick(self._pace.hub_ns())
        except JournalLostError:
            raise
        except JournalError as error:
            self.trouble = str(error)

    def commit(self, work: Round) -> list[Event]:
        """Store what a round led to; only then may anybody hear of it.

        Returns
        -------
        list of Event
            What is stored now. If it could not be, the room is as before the round, and `work`
            holds refusals.

        Raises
        ------
        JournalLostError
            Another hub took over.
        """
        events = work.events()
        try:
            self._journal.append(events)
        except JournalLostError:
            raise
        except JournalError as error:
            self._give_up(work, str(error))
            return []
        if events:
            self._has_begun = True  # what is stored first is the beginning
            self._counts.commits += 1
            self._snapshots.save_if_due(self._core.room)
        return events

    # --- what could not be done -----------------------------------------------------------------

    def _leave_out(self, work: Round, request: Request) -> None:
        """A bug of ours must cost one request, not the hub: fold the room anew without it."""
        room, history = stored_room(self._journal)
        self._core.restore([*history, *work.events()], room)
        if isinstance(request, Asked):
            text = "The hub broke down over this request; its log says why"
            work.replies.append(refusal(request, text, is_final=True))

    def _give_up(self, work: Round, sentence: str) -> None:
        """The commit failed: undo the round and refuse what was asked in it."""
        self.trouble = sentence
        self._counts.failed_commits += 1
        self._pace.is_due("probe", _PROBE_S)
        room, history = stored_room(self._journal)
        self._core.restore(history, room)
        for request, _ in work.steps:
            self._defer(work, request)
        work.steps.clear()

    def _defer(self, work: Round, request: Request) -> None:
        """Handle a request while nothing can be stored."""
        if isinstance(request, Greeted):
            identity = bytes.fromhex(request.session)
            self._waiting[request.session] = request
            self._connected.hear(identity)
            info = msgspec.structs.replace(self._info, seq=self._core.room.seq)
            work.replies.append((identity, info))
        elif isinstance(request, Asked) and not isinstance(request.message, ActuatorReply):
            work.replies.append(refusal(request, self.trouble, is_final=False))
        elif isinstance(request, Lost | PolicyChanged | RulesUnreadable):
            self._owed.append(request)

    def _try_to_recover(self, work: Round) -> None:
        if not self._pace.is_due("probe", _PROBE_S):
            return
        try:
            self._journal.probe()
        except JournalLostError:
            raise
        except JournalError as error:
            self.trouble = str(error)
            return
        self.trouble = ""
        if not self._has_begun:
            self.start(work)
        held_back = (*self._owed, *self._waiting.values())
        self._owed.clear()
        self._waiting.clear()
        for request in held_back:
            self.step(work, request)
        work.steps.append((Tick(), StepResult(outgoing=self._core.resend())))
