"""What of the room one view draws: targets, leases, alarms, incidents."""

from __future__ import annotations

from scenes.scene_input import Priority
from twin.clock import NS_PER_S
from twin.operations.alarm_places import AlarmSpot, alarm_spots, alarms_of_things
from twin.room.parts.alarms import Alarms
from twin.room.parts.commands import Commands
from twin.room.parts.incidents import Incidents
from twin.room.parts.leases import Leases
from twin.session import TwinSession
from twin.waiting import whoami

#: Alarms of the room are looked through so often at most.
ALARMS_EVERY_NS = NS_PER_S // 4


class RoomInView:
    """Looked through when it moved, not with every frame. GUI thread.

    Attributes
    ----------
    targets : ids of what open commands are for
    leases : by id of what is held: whether by whoever sits here
    alarms : the highest open alarm by thing
    alarm_spots : where alarms are drawn
    incidents : those that are open
    """

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self.targets: frozenset[str] = frozenset()
        self.leases: dict[str, bool] = {}
        self.alarms: dict[str, Priority] = {}
        self.alarm_spots: tuple[AlarmSpot, ...] = ()
        self._catalogue_of_spots = -1
        self._alarms_taken_ns = 0
        self.incidents = session.hub.room[Incidents].open
        self.take(frozenset({"commands", "leases"}))

    def take(self, changed: frozenset[str]) -> None:
        """Parts of the room moved."""
        room = self._session.hub.room
        if "commands" in changed:
            self.targets = frozenset(c.request.target_id for c in room[Commands].open)
        if "alarms" in changed:
            self._catalogue_of_spots = -1
        if "incidents" in changed:
            self.incidents = room[Incidents].open
        if "leases" in changed:
            me = whoami(self._session).identity
            self.leases = {
                lease.asset_id: lease.holder is not None and lease.holder.identity == me
                for lease in room[Leases].held
            }

    def follow_alarms(self) -> None:
        """Rings and marks follow the room; where there is a thing they stand at its symbol.

        Once a frame; they are taken at most four times a second: in a flood there are thousands,
        and more with every frame.
        """
        observations, now_ns = self._session.observations, self._session.clock.monotonic_ns()
        is_early = now_ns - self._alarms_taken_ns < ALARMS_EVERY_NS
        if observations.catalogue_version == self._catalogue_of_spots or is_early:
            return
        alarms = self._session.hub.room[Alarms].by_id.entries.values()
        self._catalogue_of_spots, self._alarms_taken_ns = observations.catalogue_version, now_ns
        self.alarms = {
            thing_id: priority.value for thing_id, priority in alarms_of_things(alarms).items()
        }
        self.alarm_spots = alarm_spots(alarms, observations.things)
