"""A story for each command type: its promise is observed in the city, and its undo undoes it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.twin.cap_samples import ARGS as ALERT
from tests.twin.sim_city import grid_city
from tests.twin.sim_drive import Drive
from twin.analysis.sound_model import louder_together, siren_db_at, siren_reach_m
from twin.cap.reading import read_alert
from twin.city.frames import Origin
from twin.commands.base import command_registry, undo_of
from twin.commands.params import params_from_args
from twin.commands.undo import Before, Earlier
from twin.room.model import CommandRequest
from twin.sim.alert_store import FolderAlerts, MemoryAlerts
from twin.sim.world import World, WorldOptions

TYPES = command_registry()
CITY = dataclasses.replace(
    grid_city(n_places=4), origin=Origin(crs="EPSG:32631", east_m=490_000.0, north_m=6_195_000.0)
)


@pytest.fixture
def drive() -> Drive:
    drive = Drive(World(CITY, WorldOptions(weather="clear")))
    drive.run(6)
    return drive


def verified(drive: Drive, type_id: str, target: str, **args: Any) -> CommandRequest:
    """Give a command and wait until the city shows its effect, as the hub judges it."""
    command_type = TYPES[type_id]
    effect = command_type.effect(target, params_from_args(command_type.params, args))
    before = drive.seen(effect.datastream_id)
    index = next(s.index for s in drive.world.datastreams if s.id == effect.datastream_id)
    request = drive.command(type_id, target, **args)
    drive.last.pop(index)  # only what is observed after the acceptance counts
    taken_s = drive.run(
        effect.deadline_s,
        until=lambda: index in drive.last and effect.is_shown_by(drive.last[index], before),
    )
    assert taken_s < effect.deadline_s, f"not observed: {effect.text}"
    return request


def undone(
    drive: Drive, request: CommandRequest, *earlier: CommandRequest, **before: float
) -> None:
    """Give the declared inverse, and wait for its effect too."""
    undo = undo_of(
        TYPES[request.type_id],
        Before(
            command_id=request.id,
            values=before,
            earlier=tuple(Earlier(type_id=r.type_id, args=r.args) for r in earlier),
        ),
    )
    assert undo is not None
    verified(drive, undo.type_id, request.target_id, **undo.args)


def test_a_sign_shows_a_text_and_gets_the_one_before_back(drive: Drive) -> None:
    sign = drive.first_of("message_sign")
    first = verified(drive, "sign.show", sign, text="Queue ahead")
    code = drive.seen(f"{sign}/text_code")
    second = verified(drive, "sign.show", sign, text="Bridge closed")
    assert drive.seen(f"{sign}/text_code") != code
    undone(drive, second, first, text_code=code)
    assert drive.seen(f"{sign}/text_code") == code
    assert "already shows" in drive.refusal("sign.show", sign, text="Queue ahead")
    assert "1 to 60 letters" in drive.refusal("sign.show", sign, text="x" * 61)
    undone(drive, first, text_code=0.0)  # it was blank before the first
    assert drive.seen(f"{sign}/text_code") == 0.0
    assert "already blank" in drive.refusal("sign.clear", sign)


def test_a_forced_signal_gives_one_direction_the_flow(drive: Drive) -> None:
    signal = drive.first_of("signal")
    before = drive.world.traffic.flow_vph.copy()
    request = verified(drive, "signal.force", signal, mode="green_north_south")
    drive.run(20)
    change = drive.world.traffic.flow_vph / before
    assert np.count_nonzero(change > 1.15) >= 1
    assert np.count_nonzero(change < 0.6) >= 1
    assert "forced just now" in drive.refusal("signal.set_plan", signal, plan=2)
    again = verified(drive, "signal.force", signal, mode="flash")
    undone(drive, again, signal_mode=1.0)  # back to what was forced before
    assert drive.seen(f"{signal}/signal_mode") == 1.0
    undone(drive, request, signal_mode=0.0)
    drive.run(25)
    assert np.allclose(drive.world.traffic.flow_vph / before, 1.0, atol=0.05)
    assert "already follows" in drive.refusal("signal.release", signal)


def test_an_open_breaker_darkens_what_hangs_on_it_and_nothing_else(drive: Drive) -> None:
    streams = [s for s in drive.world.datastreams if s.observed_property == "power_load"]
    before = {s.id: drive.world.value_of(s.id) for s in streams}
    lights = [s.thing_id for s in streams if s.thing_id.startswith("lights-")]
    feeder = next(t.id for t in drive.world.things if t.kind == "feeder")
    substation = "substation-1"
    request = verified(drive, "power.open_breaker", feeder)
    after = {s.id: drive.world.value_of(s.id) for s in streams}
    dark = [light for light in lights if after[f"{light}/power_load"] == 0.0]
    assert 0 < len(dark) < len(lights)
    assert all(drive.world.value_of(f"{light}/dimming") == 0.0 for light in dark)
    meters = [k for k in before if k.startswith("meter-")]
    assert 0 < sum(after[k] == 0.0 for k in meters) < len(meters)
    lost = before[f"{feeder}/power_load"]
    assert after[f"{substation}/power_load"] == pytest.approx(
        before[f"{substation}/power_load"] - lost, rel=0.01
    )
    assert "have no power" in drive.refusal("lights.dim", dark[0], level_pct=50.0)
    assert "already open" in drive.refusal("power.open_breaker", feeder)
    undone(drive, request)
    drive.run(1)
    assert drive.world.value_of(f"{dark[0]}/power_load") == pytest.approx(
        before[f"{dark[0]}/power_load"], rel=0.05
    )
    assert "already closed" in drive.refusal("power.close_breaker", feeder)


def test_a_held_bus_stands_until_it_is_resumed(drive: Drive) -> None:
    bus = drive.first_of("bus")
    k = next(u.index for u in drive.world.units if u.id == bus)
    request = verified(drive, "transit.hold", bus)
    here = drive.world.positions()[0][k].copy()
    drive.run(40)  # far longer than any stop
    assert math.dist(drive.world.positions()[0][k], here) < 0.01
    assert drive.stages(request) == ["executing", "done"]
    assert "held already" in drive.refusal("transit.hold", bus)
    undone(drive, request, service_state=0.0)
    drive.run(30)
    assert math.dist(drive.world.positions()[0][k], here) > 20
    assert "in service already" in drive.refusal("transit.resume", bus)


def test_a_diverted_bus_passes_the_place_and_goes_on_along_its_line(drive: Drive) -> None:
    bus = drive.first_of("bus")
    k = next(u.index for u in drive.world.units if u.id == bus)
    nodes = drive.world.sites.graph.nodes
    here = drive.world.positions()[0][k]
    gaps = np.hypot(*(nodes[:, :2] - here[:2]).T)
    x, y, _ = nodes[int(np.argmin(np.abs(gaps - 500.0)))].tolist()
    request = drive.request("transit.divert", bus, x_m=x, y_m=y, place="Mill Lane")
    verdict = drive.world.command(request)
    assert verdict.is_accepted
    assert math.dist(verdict.route[-1][:2], (x, y)) < 130
    drive.run(60, until=lambda: drive.seen(f"{bus}/service_state") == 2.0)
    nearest = 1e9

    def has_passed() -> bool:
        nonlocal nearest
        nearest = min(nearest, math.dist(drive.world.positions()[0][k][:2].tolist(), (x, y)))
        return drive.stages(request)[-1:] == ["done"]

    assert drive.run(250, until=has_passed) < 250
    assert nearest < 130
    drive.run(6)
    assert drive.seen(f"{bus}/service_state") == 0.0
    assert "from any street" in drive.refusal("transit.divert", bus, x_m=9e3, y_m=0.0)
    again = verified(drive, "transit.divert", bus, x_m=-x, y_m=-y)
    undone(drive, again, service_state=0.0)


def test_a_recalled_unit_gives_up_its_mission(drive: Drive) -> None:
    unit = drive.first_of("ambulance")
    request = drive.request("unit.dispatch", unit, x_m=400.0, y_m=400.0)
    verdict = drive.world.command(request)
    assert verdict.is_accepted
    assert len(verdict.route) >= 2
    assert math.dist(verdict.route[-1][:2], (400.0, 400.0)) < 160
    drive.run(3)
    assert drive.seen(f"{unit}/distance_to_target") > 0
    verified(drive, "unit.recall", unit)
    assert "no mission" in drive.refusal("unit.recall", unit)
    undo = undo_of(
        TYPES["unit.recall"], Before(earlier=(Earlier(type_id="unit.dispatch", args=request.args),))
    )
    assert undo is not None
    assert undo.args == request.args


def test_a_drone_flies_over_the_roofs_and_lands_at_home(drive: Drive) -> None:
    drone = drive.first_of("drone")
    k = next(u.index for u in drive.world.units if u.id == drone)
    home = drive.world.positions()[0][k].copy()
    assert "roof stands in the way" in drive.refusal(
        "drone.fly", drone, x_m=-500.0, y_m=400.0, height_m=1.0
    )
    x, y = float(home[0]) - 250.0, float(home[1]) + 200.0
    request = verified(drive, "drone.fly", drone, x_m=x, y_m=y, height_m=90.0, place="Fire")
    top = 0.0
    drive.run(10)
    here = drive.world.positions()[0][k]
    top = max(top, float(here[2] - home[2]))
    assert math.dist(here[:2].tolist(), (x, y)) < 1.0
    assert top == pytest.approx(90.0)
    assert drive.stages(request) == ["executing", "done"]
    undone(drive, request, flight_height=0.0)
    assert drive.seen(f"{drone}/flight_height") < 0.5
    drive.run(2)
    assert np.allclose(drive.world.positions()[0][k], home)
    assert "is at home" in drive.refusal("drone.return_home", drone)
    assert "km from home" in drive.refusal("drone.fly", drone, x_m=2e4, y_m=0.0, height_m=90.0)


def test_a_siren_is_heard_by_the_noise_meters_around_it(drive: Drive) -> None:
    siren = next(t for t in drive.world.things if t.kind == "siren")
    meters = [t for t in drive.world.things if t.kind == "noise_meter"]
    gap = {t.id: math.dist(t.xyz[:2], siren.xyz[:2]) for t in meters}
    near = min(gap, key=lambda one: gap[one])
    far = max(gap, key=lambda one: gap[one])
    before = {t: drive.world.value_of(f"{t}/noise") for t in (near, far)}
    request = verified(drive, "siren.sound", siren.id, seconds=30)
    drive.run(3)
    heard = drive.world.value_of(f"{near}/noise")
    expected = louder_together(np.array([before[near]]), siren_db_at(np.array([gap[near]])))[0]
    assert heard == pytest.approx(float(expected), abs=1.5)
    assert heard > before[near] + 10
    assert gap[far] > 2 * siren_reach_m()
    assert drive.world.value_of(f"{far}/noise") < before[far] + 3
    assert "already sounds" in drive.refusal("siren.sound", siren.id, seconds=30)
    undone(drive, request)
    drive.run(5)
    assert drive.world.value_of(f"{near}/noise") == pytest.approx(before[near], abs=1.0)
    assert "silent already" in drive.refusal("siren.silence", siren.id)


def test_a_siren_falls_silent_by_itself(drive: Drive) -> None:
    siren = drive.first_of("siren")
    verified(drive, "siren.sound", siren, seconds=10)
    assert drive.run(30, until=lambda: drive.seen(f"{siren}/sound_level") < 60) < 25
    assert siren_db_at(np.array([siren_reach_m(70.0)]))[0] == pytest.approx(70.0)


def test_a_camera_turns_and_turns_back(drive: Drive) -> None:
    camera = drive.first_of("camera")
    was = drive.seen(f"{camera}/camera_preset")
    request = verified(drive, "camera.preset", camera, preset=4)
    assert "already looks" in drive.refusal("camera.preset", camera, preset=4)
    assert "presets 1 to 6" in drive.refusal("camera.preset", camera, preset=9)
    undone(drive, request, camera_preset=was)
    assert drive.seen(f"{camera}/camera_preset") == was


def test_a_camera_reports_no_preset_while_it_turns(drive: Drive) -> None:
    camera = drive.first_of("camera")
    drive.command("camera.preset", camera, preset=6)
    drive.run(2)
    assert drive.world.value_of(f"{camera}/camera_preset") == 0.0


def test_people_leave_a_building_and_come_back(drive: Drive) -> None:
    speakers = drive.first_of("evacuation_speakers")
    before = drive.seen(f"{speakers}/occupancy")
    assert before >= 20
    request = verified(drive, "building.evacuate", speakers, cause="fire")
    assert drive.seen(f"{speakers}/speaker_message") == 1.0
    drive.run(200)
    assert drive.seen(f"{speakers}/occupancy") < 0.15 * before
    assert drive.stages(request) == ["executing", "done"]
    assert "already ask" in drive.refusal("building.evacuate", speakers)
    undone(drive, request)
    drive.run(300)
    assert drive.seen(f"{speakers}/occupancy") > 0.5 * before
    assert "say nothing" in drive.refusal("building.all_clear", speakers)


def test_an_alert_is_published_and_its_prepared_cancel_ends_it(tmp_path: Path) -> None:
    drive = Drive(World(CITY, WorldOptions(), FolderAlerts(tmp_path)))
    drive.run(6)
    gateway = drive.first_of("alert_gateway")
    request = verified(drive, "alert.publish", gateway, **ALERT)
    published = list((tmp_path / "published").iterdir())
    prepared = list((tmp_path / "prepared").iterdir())
    assert [p.name for p in published] == [f"civitwin.{request.id}.xml"]
    assert [p.name for p in prepared] == [f"civitwin.{request.id}-cancel.xml"]
    alert, ready = read_alert(published[0].read_bytes()), read_alert(prepared[0].read_bytes())
    assert alert.status == "Actual"
    assert ready.references == (alert.reference,)
    # another process takes up where this one ends, and can still cancel
    drive.world.gateway._store = FolderAlerts(tmp_path)
    undone(drive, request)
    cancel = read_alert((tmp_path / "published" / prepared[0].name).read_bytes())
    assert cancel.msg_type == "Cancel"
    assert cancel.sent >= alert.sent
    assert cancel.references == (alert.reference,)
    assert not list((tmp_path / "prepared").iterdir())
    assert "not in force" in drive.refusal("alert.cancel", gateway, alert=request.id)
    assert FolderAlerts(tmp_path).in_force(drive.t_ns) == frozenset()


def test_an_alert_of_a_drill_is_an_exercise_whatever_the_form_says() -> None:
    store = MemoryAlerts()
    drive = Drive(World(CITY, WorldOptions(mode="drill"), store))
    drive.run(6)
    gateway = drive.first_of("alert_gateway")
    assert "no field called status" in drive.refusal(
        "alert.publish", gateway, **ALERT, status="Actual"
    )
    verified(drive, "alert.publish", gateway, **ALERT)
    (alert,) = store.published.values()
    assert alert.status == "Exercise"
    assert alert.infos[0].headline.startswith("EXERCISE ")


def test_a_command_of_a_drill_is_an_exercise_at_a_live_gateway_too() -> None:
    store = MemoryAlerts()
    drive = Drive(World(CITY, WorldOptions(), store))
    drive.run(6)
    request = drive.request("alert.publish", drive.first_of("alert_gateway"), **ALERT)
    assert drive.world.command(msgspec.structs.replace(request, drill=True)).is_accepted
    drive.run(3)
    (alert,) = store.published.values()
    assert alert.status == "Exercise"


def test_an_alert_ends_by_itself_and_a_full_disk_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(World(CITY, WorldOptions(), FolderAlerts(tmp_path)), dt_s=1.0)
    drive.run(6)
    gateway = drive.first_of("alert_gateway")
    verified(drive, "alert.publish", gateway, **(ALERT | {"expires_min": 5}))
    drive.run(290)
    assert drive.seen(f"{gateway}/alert_active") == 1.0
    drive.run(20)
    assert drive.seen(f"{gateway}/alert_active") == 0.0

    def no_space(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("twin.sim.alert_store.write_whole", no_space)
    request = drive.command("alert.publish", gateway, **ALERT)
    drive.run(10)
    assert drive.stages(request) == ["executing", "failed"]
    assert "No space left" in drive.reports[-1].text
    assert drive.seen(f"{gateway}/alert_active") == 0.0


def test_what_a_broken_folder_holds_is_passed_over(tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "rubbish.xml").write_bytes(b"<alert")
    assert FolderAlerts(tmp_path).in_force(0) == frozenset()
    assert "cannot be read" in caplog.text
    caplog.clear()


def test_a_city_that_is_nowhere_publishes_no_alert() -> None:
    drive = Drive(World(grid_city(), WorldOptions()))
    assert "not georeferenced" in drive.refusal(
        "alert.publish", drive.first_of("alert_gateway"), **ALERT
    )
