"""The gateway of public alerts: a command becomes two CAP messages, one out, one in reserve."""

from __future__ import annotations

from twin.arrays import Float64Array
from twin.cap.model import CapError
from twin.cap.prepared import Mode, Publisher, identifier_of, prepare, sent_ns_of
from twin.city.frames import Origin
from twin.commands.params import params_from_args
from twin.commands.publish_alert import PublishAlert
from twin.errors import CommandRejected, CrsError
from twin.room.model import CommandRequest
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.alert_store import AlertStore
from twin.sim.rhythm import Moment
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

PUBLISHER = Publisher(
    sender="alerts@civitwin.example",
    sender_name="City control room (simulated)",
    contact="Switchboard of the control room",
)


class Gateway:
    """One thing that publishes alerts and reports how many are in force.

    Attributes
    ----------
    now_ns : wall time, told before each step
    mode : of the hub it serves; a command of a drill is an exercise in any case
    """

    def __init__(
        self, city: SiteMap, origin: Origin, roster: Roster, store: AlertStore, mode: Mode
    ) -> None:
        self._origin, self._store, self.mode = origin, store, mode
        self.now_ns = 0
        x, y, z = city.centre.tolist()
        self.thing = roster.add_thing(
            Thing(
                id="alerts-1",
                name="Public alert gateway",
                kind="alert_gateway",
                xyz=(x, y, z),
                accepts=("alert.publish", "alert.cancel"),
                department="control_room",
            )
        )
        self._stream = roster.add_stream(self.thing.id, self.thing.name, "alert_active")
        self._outcomes: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        self.acts = {
            "alert.publish": Act(
                refuse=self._refuse_publish,
                begin=lambda _target, _args: "",
                begin_request=self._publish,
                outcome=lambda target, _args: self._outcomes.get(target, ""),
                failure=lambda target, _args: self._failures.get(target, ""),
            ),
            "alert.cancel": Act(
                refuse=self._refuse_cancel,
                begin=self._cancel,
                outcome=lambda target, _args: self._outcomes.get(target, ""),
                failure=lambda target, _args: self._failures.get(target, ""),
            ),
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:
        """Alerts end by themselves; see `write`."""

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write how many alerts are in force."""
        values[self._stream] = len(self._store.in_force(self.now_ns))

    def _refuse_publish(self, _target: str, args: Args) -> str:
        try:
            params_from_args(PublishAlert, args)
        except CommandRejected as error:
            return str(error)
        if not self._origin.has_crs:
            return "The city is not georeferenced, so nobody could tell where the alert holds"
        return ""

    def _publish(self, request: CommandRequest) -> str:
        self._outcomes.pop(request.target_id, None)
        self._failures.pop(request.target_id, None)
        try:
            both = prepare(
                params_from_args(PublishAlert, request.args),
                command_id=request.id,
                sent_ns=sent_ns_of(request.id, self.now_ns),
                publisher=PUBLISHER,
                mode="drill" if request.drill else self.mode,
                origin=self._origin,
            )
            self._store.publish(both)
        except (OSError, CapError, CrsError) as error:
            self._failures[request.target_id] = f"The alert was not published: {error}"
            return "The gateway cannot publish it"
        self._outcomes[request.target_id] = f"Published as {both.alert.identifier}"
        return f"Publishing “{both.alert.infos[0].headline}”; its Cancel is ready"

    def _refuse_cancel(self, _target: str, args: Args) -> str:
        if identifier_of(str(args["alert"])) in self._store.in_force(self.now_ns):
            return ""
        return "That alert is not in force: it ended, was cancelled, or was never published here"

    def _cancel(self, target: str, args: Args) -> str:
        self._outcomes.pop(target, None)
        self._failures.pop(target, None)
        identifier = identifier_of(str(args["alert"]))
        try:
            self._store.cancel(identifier, self.now_ns, str(args.get("note", "")))
        except KeyError:
            self._failures[target] = "That alert is no longer in force"
        except (OSError, CapError) as error:
            self._failures[target] = f"The Cancel was not sent: {error}"
        else:
            self._outcomes[target] = f"Cancelled {identifier}"
        return "Sending the prepared Cancel"
