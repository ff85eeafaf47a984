"""A small real session for panel tests: real stores and room, a link that stays in the process."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from twin.city.asset import CityAsset, FeatureTable, Place, TriangleSoup
from twin.city.frames import Origin
from twin.city.scene_file import SceneSource
from twin.city.scene_report import SourceReport
from twin.city.scene_sources import SceneSources
from twin.clock import NS_PER_S, FakeClock
from twin.commanding import command_types
from twin.commands.params import params_from_args
from twin.ids import uuid7
from twin.link.client import HubClient
from twin.link.control import PresenceMessage, Refused
from twin.link.presence import Look, PresenceState, Present
from twin.room.model import Approval, CommandRequest, CommandState, Event, Grant, Operator
from twin.security.canonical import digest_of
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession

ADA = Operator(name="Ada", department="traffic", console_id="console-1")
BEN = Operator(name="Ben", department="water", console_id="console-2")
CLEO = Operator(name="Cleo", department="fire", console_id="console-3", rank=2)
STREETS = (
    "Harbour Street",
    "Mill Lane",
    "Market Street",
    "Station Road",
    "Canal Street",
    "King Street",
)
PROPERTIES = {
    "traffic_speed": ("km/h", 0.0, 60.0),
    "traffic_flow": ("veh/h", 0.0, 1800.0),
    "closed": ("", 0.0, 1.0),
    "water_level": ("m", 0.0, 4.0),
    "pump_running": ("", 0.0, 1.0),
    "pm25": ("µg/m³", 0.0, 75.0),
    "noise": ("dB(A)", 35.0, 85.0),
    "gate_opening": ("%", 0.0, 100.0),
}


class FarEnd:
    """The hub's side of a `HubClient` whose thread is not started: the test says what arrives."""

    def __init__(self, client: HubClient, clock: FakeClock) -> None:
        self._client = client
        self._clock = clock
        self._seq = 0

    def happen(self, kind: str, body: dict, actor: str = "hub") -> None:
        """The next event of the journal arrives; the session's poll applies it."""
        self._seq += 1
        event = Event(seq=self._seq, t_ns=self._clock.now_ns(), kind=kind, actor=actor, body=body)
        self._client._copy.put(event)

    def journal(self, request: CommandRequest, by: Operator = ADA) -> str:
        """The hub has journalled a request; its id."""
        command_type = command_types()[request.type_id]
        params = params_from_args(command_type.params, request.args)
        effect = command_type.effect(request.target_id, params)
        body = {
            "request": msgspec.to_builtins(request),
            "operator": msgspec.to_builtins(by),
            "effect_text": effect.text,
            "effect": asdict(effect),
            "level": command_type.significance,
        }
        self.happen("command.submitted", body, actor=f"{by.name} ({by.department})")
        return request.id

    def await_approval(self, request: CommandRequest, by: Operator, **more: Any) -> str:
        """The hub has journalled a request and asks for approvals; its id."""
        command_id = self.journal(request, by)
        approval = Approval(
            needed=more.pop("needed", 1),
            digest=digest_of(request),
            expires_ns=self._clock.now_ns() + round(more.pop("expires_s", 600.0) * NS_PER_S),
            **more,
        )
        body = {
            "id": command_id,
            "state": "AWAITING_APPROVAL",
            "text": "Waits for 1 approval",
            "approval": msgspec.to_builtins(approval),
        }
        self.happen("command.state", body)
        return command_id

    def grant(self, command_id: str, by: Operator) -> None:
        """Somebody has said yes."""
        grant = Grant(by=by, department=by.department, t_ns=self._clock.now_ns())
        body = {"id": command_id, "grant": msgspec.to_builtins(grant)}
        self.happen("command.granted", body, actor=by.name)

    def lease(self, asset_id: str, name: str, holder: Operator, token: int = 1) -> None:
        """Somebody has taken an asset."""
        body = {"asset_id": asset_id, "asset_name": name, "token": token, "ttl_s": 30.0}
        self.happen(
            "lease.taken", body | {"holder": msgspec.to_builtins(holder)}, actor=holder.name
        )

    def refuse(self, command_id: str, text: str) -> None:
        """The hub refuses a request."""
        self._client._unanswered.hear(Refused(id=command_id, text=text))

    def move(
        self,
        command_id: str,
        *states: CommandState,
        text: str = "",
        observed: float | None = None,
        baseline: float | None = None,
    ) -> None:
        """Move a command through some states, a second apart; text and value with the last.

        `baseline` is what the hub noted before it sent the command.
        """
        for state in states:
            self._clock.advance_s(1.0)
            body: dict = {"id": command_id, "state": state.value, "text": ""}
            if state is states[-1]:
                body |= {"text": text, "observed": observed}
            if state is CommandState.SENT and baseline is not None:
                body["baseline"] = {"t_ns": self._clock.now_ns(), "value": baseline}
            self.happen("command.state", body, actor="simulator")


TO_EXECUTING = (
    CommandState.QUEUED,
    CommandState.RELEASED,
    CommandState.SENT,
    CommandState.ACCEPTED,
    CommandState.EXECUTING,
)


def small_city() -> CityAsset:
    """Three features with attributes, without triangles, near The Hague."""
    n = 3
    bounds = np.array([[i * 50, 0, 0, i * 50 + 20, 20, 12 + i] for i in range(n)], np.float32)
    features = FeatureTable(
        ids=["NL.IMBAG.1", "NL.IMBAG.1-0", "NL.IMBAG.2"],
        kind_names=("Building", "BuildingPart"),
        kind_codes=np.array([0, 1, 0], np.uint16),
        parents=np.array([-1, 0, -1], np.int32),
        bounds_min_max_local_m=bounds,
        attributes={
            "year": np.array([1931.0, np.nan, 2004.0]),
            "name": np.array(["Town hall", None, None], object),
            "roof type": np.array(["slanted", "flat", None], object),
        },
    )
    soup = TriangleSoup(
        corners_local_m=np.empty((0, 3, 3), np.float32),
        features=np.empty(0, np.int32),
        surfaces=np.empty(0, np.uint8),
    )
    places = (
        Place(id="p1", name="Westeinde Hospital", kind="hospital", xyz_local_m=(400.0, 120.0, 0.0)),
        Place(id="p2", name="Town Square", kind="square", xyz_local_m=(10.0, -60.0, 0.0)),
    )
    return CityAsset(
        title="Test town",
        format="test",
        version="1",
        origin=Origin(crs="EPSG:28992", east_m=81000.0, north_m=455000.0),
        features=features,
        soup=soup,
        places=places,
    )


def announcement(n_stations: int = 40) -> Announcement:
    """Roads, pumps, a gate, air stations and two units."""
    things: list[Thing] = []
    streams: list[Datastream] = []

    def add(thing: Thing, *properties: str) -> None:
        things.append(thing)
        for name in properties:
            unit, low, high = PROPERTIES[name]
            streams.append(
                Datastream(
                    index=len(streams),
                    id=f"{thing.id}/{name}",
                    thing_id=thing.id,
                    observed_property=name,
                    unit=unit,
                    min=low,
                    max=high,
                    interval_s=1.0,
                )
            )

    for i, street in enumerate(STREETS):
        add(
            Thing(
                id=f"road-{i}",
                name=street,
                kind="road_segment",
                xyz=(i * 80.0, 30.0, 0.0),
                accepts=("road.close", "road.open"),
                department="traffic",
            ),
            "traffic_speed",
            "traffic_flow",
            "closed",
        )
    for i in range(3):
        add(
            Thing(
                id=f"pump-{i}",
                name=f"Pump {i + 1}",
                kind="pump_station",
                xyz=(i * 90.0, -80.0, 0.0),
                accepts=("pump.start", "pump.stop"),
                department="water",
            ),
            "water_level",
            "pump_running",
        )
    add(
        Thing(
            id="gate-0",
            name="North gate",
            kind="gate",
            xyz=(0.0, 200.0, 0.0),
            accepts=("gate.set",),
            department="water",
            feature_id="NL.IMBAG.1",
        ),
        "gate_opening",
    )
    for i in range(n_stations):
        add(
            Thing(
                id=f"air-{i}",
                name=f"Station {i + 1}",
                kind="air_station",
                xyz=(i * 11.0, i * 7.0, 5.0),
            ),
            "pm25",
            "noise",
        )
    units = (
        Unit(
            index=0,
            id="amb-1",
            name="Ambulance 1",
            kind="ambulance",
            department="fire",
            accepts=("unit.dispatch",),
        ),
        Unit(index=1, id="bus-12", name="Bus 12", kind="bus", department="transport"),
    )
    return Announcement(
        source="sim", epoch="e1", things=tuple(things), datastreams=tuple(streams), units=units
    )


def small_source() -> SourceReport:
    """The small city as one source of a scene."""
    return SourceReport(
        source=SceneSource(id="city", path="city.json"),
        title="Small city",
        format="CityJSON 2.0",
        crs="EPSG:28992",
        end=small_city().features.n_features,
        bounds_min_max_local_m=tuple(small_city().bounds_min_max_local_m().tolist()),
    )


class World:
    """A session and the handles a test needs."""

    def __init__(self, tmp_path: Path, *, capacity: int = 12_000, operator: Operator = ADA) -> None:
        self.clock = FakeClock()
        self._n_shown = 0
        self.store = ObservationStore(capacity=capacity, history=120, clock=self.clock)
        self.units = UnitStore(capacity=100, history=32, clock=self.clock)
        self.client = HubClient(
            endpoint="tcp://127.0.0.1:1",
            operator=operator,
            outbox_path=tmp_path / "outbox.sqlite",
            clock=self.clock,
        )
        self.hub = FarEnd(self.client, self.clock)
        self.city = small_city()
        self.store.set_origin(self.city.origin)
        ingest = SampleIngest(
            endpoint="tcp://127.0.0.1:1", store=self.store, units=self.units, clock=self.clock
        )
        self.session = TwinSession(
            city=self.city,
            clock=self.clock,
            observations=self.store,
            units=self.units,
            ingest=ingest,
            hub=self.client,
            sources=SceneSources([small_source()]),
        )

    def fill(self, *, n_stations: int = 40, n_steps: int = 70) -> None:
        """Announce everything and add a minute of samples; some fall silent, some turn odd."""
        said = announcement(n_stations)
        self.store.announce(said)
        self.units.announce(said)
        slots = np.arange(len(said.datastreams))
        low = np.array([d.min for d in said.datastreams])
        span = np.array([d.max - d.min for d in said.datastreams])
        is_switch = np.array(
            [d.observed_property in ("closed", "pump_running") for d in said.datastreams]
        )
        for step in range(n_steps):
            self.clock.advance_s(1.0)
            now = self.clock.now_ns()
            values = low + span * (0.45 + 0.3 * np.sin(step / 9.0 + slots * 0.7))
            values[is_switch] = 0.0
            quality = np.where(slots % 17 == 16, 1, 0).astype(np.uint8)
            alive = (slots % 13 != 12) | (step < n_steps - 30)
            alive &= slots % 29 != 28
            times = np.full(len(slots), now, np.int64)
            self.store.add(slots[alive], times[alive], values[alive], quality[alive], now)
            xyz = np.array([[step * 8.0, 40.0, 0.0], [step * 5.0, -10.0, 0.0]])
            self.units.add(np.array([0, 1]), np.full(2, now, np.int64), xyz, np.full(2, np.nan))

    def observe(self, datastream_id: str, value: float) -> None:
        """Add one observation now."""
        slot = np.array([self.store.slot_of(datastream_id)])
        now = np.array([self.clock.now_ns()], np.int64)
        self.store.add(slot, now, np.array([value]), np.zeros(1, np.uint8), int(now[0]))

    def request(self, type_id: str, target_id: str, name: str, **args) -> CommandRequest:
        """A request as a console makes it."""
        return CommandRequest(
            id=uuid7(self.clock),
            type_id=type_id,
            type_version=1,
            target_id=target_id,
            target_name=name,
            args=args,
        )

    def give(self, type_id: str, target_id: str, name: str, **args) -> str:
        """Submit and journal a command; its id."""
        return self.hub.journal(self.request(type_id, target_id, name, **args))

    def close(self) -> None:
        """Close the outbox and what the link's thread would have closed."""
        self.client.close()
        self.client._connection.close()

    def history(self) -> None:
        """Commands in every kind of state, people coming, a note."""
        self.hub.happen("hub.started", {})
        self.hub.happen("operator.joined", msgspec.to_builtins(ADA), actor="Ada (traffic)")
        first = self.give("road.close", "road-0", "Harbour Street", cause="works")
        self.hub.move(first, *TO_EXECUTING, CommandState.VERIFIED, observed=12.0)
        second = self.give("pump.start", "pump-0", "Pump 1")
        self.hub.move(
            second, *TO_EXECUTING, CommandState.FAILED, text="The pump reports a blocked inlet"
        )
        third = self.give("gate.set", "gate-0", "North gate", opening_pct=40.0)
        self.hub.move(third, *TO_EXECUTING, CommandState.TIMED_OUT, text="Not seen within 60 s")
        fourth = self.give(
            "unit.dispatch",
            "amb-1",
            "Ambulance 1",
            x_m=400.0,
            y_m=120.0,
            place="Westeinde Hospital",
        )
        self.hub.move(fourth, *TO_EXECUTING, text="On its way")
        fifth = self.give("road.open", "road-2", "Market Street")
        self.hub.move(
            fifth, CommandState.QUEUED, CommandState.CANCELLED, text="Cancelled by Ada (traffic)"
        )
        sixth = self.give("road.open", "road-3", "Station Road")
        self.hub.move(
            sixth, *TO_EXECUTING[:3], CommandState.UNKNOWN, text="The actuator lost its memory"
        )
        self.hub.happen(
            "note.added", {"text": "Parade starts at three"}, actor="Ben (control room)"
        )
        self.client.submit(self.request("pump.stop", "pump-1", "Pump 2"))
        self.session.poll()

    def collaborate(self) -> dict[str, str]:
        """Three departments at work: approvals, leases, held queues, reviews; ids by name."""
        hub, ids = self.hub, {}
        for operator in (ADA, BEN, CLEO):
            hub.happen("operator.joined", msgspec.to_builtins(operator), actor=operator.name)
        gate = self.request("gate.set", "gate-0", "North gate", opening_pct=80.0)
        ids["gate"] = hub.await_approval(
            gate, BEN, departments=("traffic", "fire"), is_distinct=True, text="Gates need a second"
        )
        pump = self.request("pump.stop", "pump-2", "Pump 3")
        ids["pump"] = hub.await_approval(pump, BEN, departments=("fire",))
        road = self.request("road.close", "road-5", "King Street", cause="event")
        ids["road"] = hub.await_approval(road, ADA, needed=2)
        hub.grant(ids["road"], BEN)
        denied = self.request("road.close", "road-1", "Mill Lane", cause="works")
        ids["denied"] = hub.await_approval(denied, ADA)
        hub.move(ids["denied"], CommandState.DENIED, text="Denied by Cleo (fire): our way in")
        late = self.request("road.open", "road-4", "Canal Street")
        ids["expired"] = hub.await_approval(late, ADA)
        hub.move(ids["expired"], CommandState.EXPIRED, text="Nobody approved it in time")
        pair = {"id": "rule|a|b", "kind": "rule", "a": "a", "b": "b", "at_ns": 1}
        hub.happen("proposal.forbidden", {"pair": pair | {"by": msgspec.to_builtins(BEN)}})
        self.session.anomalies.watch("pump-0/water_level")
        hub.lease("gate-0", "North gate", BEN)
        hub.lease("pump-1", "Pump 2", ADA)
        asked = {"asset_id": "pump-1", "by": msgspec.to_builtins(CLEO)}
        hub.happen("lease.asked", asked, actor="Cleo (fire)")
        held = {"queue": "department:water", "by": msgspec.to_builtins(CLEO), "reason": "Flood"}
        hub.happen("queue.held", held, actor="Cleo (fire)")
        review = {"id": "review-1", "command_id": ids["denied"], "text": "Ben broke the glass"}
        hub.happen("review.opened", review | {"subject": msgspec.to_builtins(BEN)}, actor="Ben")
        given = {"id": "d-1", "giver": msgspec.to_builtins(CLEO), "to": "console-1"}
        until_ns = self.clock.now_ns() + 3_600 * NS_PER_S
        given |= {"to_name": "Ada", "department": "police", "until_ns": until_ns}
        hub.happen("delegation.given", given, actor="Cleo (fire)")
        rule = {"id": "gate-pump", "title": "Gate against pump", "blocks_when": "running > 0"}
        rule |= {"text": "{target} stays shut while Pump 3 runs", "actions": ["gate.*"]}
        rule |= {"inputs": {"running": "pump-2/pump_running"}}
        hub.happen("interlocks.loaded", {"fingerprint": "f", "rules": [rule]})
        held = self.request("gate.set", "gate-0", "North gate", opening_pct=30.0)
        ids["held"] = hub.journal(held, BEN)
        blocked = {"rule": "gate-pump", "title": "Gate against pump"}
        blocked |= {"text": "North gate stays shut while Pump 3 runs (pump-2/pump_running = 1)"}
        blocked |= {"values": {"pump-2/pump_running": 1.0}}
        body = {"id": ids["held"], "state": "QUEUED", "text": blocked["text"]}
        hub.happen("command.state", body | {"interlocks": [blocked]})
        self.be_on_duty()
        self.work_on_an_incident()
        self.session.poll()
        return ids

    def work_on_an_incident(self) -> None:
        """Ben has opened an incident."""
        incident = {"id": "i-1", "title": "Water in Mill Lane", "kind": "flood"}
        incident |= {"severity": "severe", "opened_by": msgspec.to_builtins(BEN)}
        incident |= {"opened_ns": self.clock.now_ns()}
        self.hub.happen("incident.opened", {"incident": incident}, actor="Ben (water)")

    def be_on_duty(self) -> None:
        """A stage that was set, a note of the shift, a handover, a unit out of service."""
        hub, cleo = self.hub, msgspec.to_builtins(CLEO)
        stage = {"level": 3, "before": 1, "by": cleo, "reason": "River is rising", "proposed": 2}
        hub.happen("stage.set", stage, actor="Cleo (fire)")
        hub.happen("shift.noted", {"id": "n-1", "text": "Parade at three"}, actor="Ben (water)")
        item = {"kind": "lease", "title": "North gate", "detail": "held by Ben", "key": "gate-0"}
        handover = {"id": "h-1", "by": cleo, "at_ns": self.clock.now_ns(), "digest": "d"}
        handover |= {"text": "Quiet so far", "items": [item]}
        hub.happen("shift.offered", {"handover": handover}, actor="Cleo (fire)")
        out = {"unit_id": "bus-12", "name": "Bus 12", "reason": "Flat tyre", "by": cleo}
        hub.happen("unit.out_of_service", out, actor="Cleo (fire)")

    def together(self) -> None:
        """Another operator with a mark, messages, and something to show."""
        self.hub.happen("operator.joined", msgspec.to_builtins(BEN), actor="Ben (fire)")
        self.put_mark("m1", "area", [[0, 0, 0], [60, 0, 0], [60, 50, 0]], title="Cordon east")
        self.put_mark("m2", "note", [[10, 10, 0]], title="Leak", text="Smells of gas")
        link = {"kind": "thing", "name": "Pump 1", "target_id": "pump-0"}
        for number, (by, channel, text, links) in enumerate(
            (
                (BEN, "room", "Fire at the harbour", ()),
                (ADA, "room", "Closing @Pump 1", (link,)),
                (BEN, "department:traffic", "Close Harbour Street, please", ()),
            )
        ):
            body = {"id": f"msg-{number}", "channel": channel, "by": msgspec.to_builtins(by)}
            self.hub.happen("message.posted", {**body, "text": text, "links": links}, by.name)
        look = Look(x_cm=0, y_cm=0, z_cm=0, distance_cm=40_000, azimuth=0, elevation=6_000)
        shown = PresenceState(look=look, selected="North gate", panel="Commands")
        self.show(BEN, shown)
        self.session.poll()

    def put_mark(self, mark_id: str, kind: str, points: list, by: Operator = BEN, **more) -> None:
        """A mark of somebody arrives."""
        now_ns, operator = self.clock.now_ns(), msgspec.to_builtins(by)
        times = {"made_ns": now_ns, "changed_ns": now_ns}
        body = {"id": mark_id, "kind": kind, "points": points, "owner": operator, "by": operator}
        self.hub.happen("mark.put", {**body, **times, "rev": 1, **more}, actor=by.name)

    def show(self, operator: Operator, state: PresenceState) -> None:
        """The hub tells what somebody shows."""
        self._n_shown += 1
        present = Present(console_id=operator.console_id, n=self._n_shown, state=state)
        self.client.presences.take(PresenceMessage(changed=(present,)), self.clock.monotonic_ns())
