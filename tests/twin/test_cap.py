"""CAP 1.2: what is written is valid and read back; what others wrote is read or refused."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.cap_samples import ARGS, FRENCH
from twin.cap.model import Alert, CapArea, CapError, Circle, Info, Named, Resource
from twin.cap.prepared import (
    Mode,
    Prepared,
    Publisher,
    identifier_of,
    prepare,
    sent_at,
    sent_ns_of,
)
from twin.cap.reading import MAX_BYTES, read_alert, read_alerts
from twin.cap.rules import require_valid
from twin.cap.writing import cap_time, xml_of
from twin.city.frames import Origin, geographic_from_local
from twin.clock import NS_PER_S, FakeClock
from twin.commands.base import command_registry
from twin.commands.params import field_errors, params_from_args
from twin.commands.publish_alert import PublishAlert, outline_points
from twin.errors import CommandRejected, CrsError
from twin.ids import uuid7

ORIGIN = Origin(crs="EPSG:32631", east_m=490_000.0, north_m=6_195_000.0)
T_NS = 1_772_382_600 * NS_PER_S
PUBLISHER = Publisher(sender="alerts@city.example", sender_name="City control room")


def prepared(mode: Mode = "live", **changes: Any) -> Prepared:
    params = params_from_args(PublishAlert, ARGS | changes)
    return prepare(
        params, command_id="c-1", sent_ns=T_NS, publisher=PUBLISHER, mode=mode, origin=ORIGIN
    )


FULL = Alert(
    identifier="a.1",
    sender="x@example.org",
    sent="2026-03-01T17:30:00+01:00",
    status="Test",
    msg_type="Update",
    scope="Restricted",
    source="Desk 4",
    restriction="Fire service only",
    addresses="north south",
    codes=("profile:X", "layer:Y"),
    note="Corrected area",
    references=("x@example.org,a.0,2026-03-01T17:00:00+01:00",),
    incidents="flood-3",
    infos=(
        Info(
            categories=("Met", "Safety"),
            event="Flood & storm",
            urgency="Expected",
            severity="Severe",
            certainty="Likely",
            language="de-DE",
            response_types=("Prepare", "Avoid"),
            audience="drivers",
            event_codes=(Named(value_name="SAME", value="FLW"),),
            effective="2026-03-01T17:30:00+01:00",
            onset="2026-03-01T18:00:00+01:00",
            expires="2026-03-01T20:00:00+01:00",
            sender_name="Leitstelle",
            headline="Hochwasser <am> Kai",
            description="Größer als 2 m.\nZweite Zeile.",
            instruction="Meiden",
            web="https://example.org/a?b=1&c=2",
            contact="112",
            parameters=(Named(value_name="level", value=""),),
            resources=(Resource(resource_desc="map", mime_type="image/png", size=12, uri="u"),),
            areas=(
                CapArea(
                    area_desc="Kai",
                    polygons=(((1.0, 2.0), (1.0, 3.0), (2.0, 3.0), (1.0, 2.0)),),
                    circles=(Circle(lat_deg=1.5, lon_deg=2.5, radius_km=0.25),),
                    geocodes=(Named(value_name="FIPS6", value="000000"),),
                    altitude=10.0,
                    ceiling=90.0,
                ),
            ),
        ),
    ),
)


def test_every_field_survives_writing_and_reading() -> None:
    assert read_alert(xml_of(FULL)) == FULL
    assert xml_of(FULL) == xml_of(FULL)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"identifier": ""}, "<identifier> is empty"),
        ({"identifier": "a b"}, "space"),
        ({"sender": "a,b"}, "comma"),
        ({"sent": "2026-03-01T17:30:00Z"}, "never Z"),
        ({"sent": "2026-02-30T17:30:00+01:00"}, "no time that exists"),
        ({"sent": "2026-03-01T17:30+01:00"}, "must be a time"),
        ({"status": "Real"}, "<status> must be one of Actual"),
        ({"msg_type": "Alarm"}, "<msgType>"),
        ({"scope": "All"}, "<scope>"),
        ({"restriction": ""}, "<restriction>"),
        ({"scope": "Private", "addresses": ""}, "<addresses>"),
        ({"references": ()}, "<references>"),
        ({"references": ("only,two",)}, "sender,identifier,sent"),
        ({"references": ("a,b,yesterday",)}, "time in <references>"),
        ({"note": "bell \x07"}, "U\\+0007"),
    ],
)
def test_a_rule_that_is_broken_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CapError, match=words):
        xml_of(dataclasses.replace(FULL, **change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"categories": ()}, "no <category>"),
        ({"categories": ("Wet",)}, "<category> must"),
        ({"event": ""}, "no <event>"),
        ({"urgency": "Now"}, "<urgency>"),
        ({"severity": ""}, "<severity>"),
        ({"certainty": "Sure"}, "<certainty>"),
        ({"response_types": ("Run",)}, "<responseType>"),
        ({"language": "en_GB"}, "<language>"),
        ({"expires": "soon"}, "<expires>"),
        ({"headline": "a\ud800b".encode("utf-8", "surrogatepass").decode("utf-8", "replace")}, ""),
        ({"description": "\x00"}, "U\\+0000"),
        ({"parameters": (Named(value_name="", value="1"),)}, "<valueName>"),
    ],
)
def test_a_rule_of_the_info_that_is_broken_is_named(change: dict[str, Any], words: str) -> None:
    alert = dataclasses.replace(FULL, infos=(dataclasses.replace(FULL.infos[0], **change),))
    if not words:
        xml_of(alert)
        return
    with pytest.raises(CapError, match=words):
        require_valid(alert)


SQUARE = ((1.0, 2.0), (1.0, 3.0), (2.0, 3.0), (1.0, 2.0))


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (CapArea(area_desc=""), "no <areaDesc>"),
        (CapArea(area_desc="a", polygons=(SQUARE[:3],)), "at least 4 points"),
        (CapArea(area_desc="a", polygons=((*SQUARE[:3], (1.0, 2.1)),)), "not closed"),
        (CapArea(area_desc="a", polygons=(((91.0, 2.0), *SQUARE[1:3], (91.0, 2.0)),)), "latitude"),
        (
            CapArea(area_desc="a", circles=(Circle(lat_deg=0, lon_deg=0, radius_km=-1),)),
            "radius of a <circle>",
        ),
        (
            CapArea(area_desc="a", circles=(Circle(lat_deg=0, lon_deg=181, radius_km=1),)),
            "latitude and longitude",
        ),
        (CapArea(area_desc="a", ceiling=4.0), "<altitude>"),
    ],
)
def test_a_rule_of_the_area_that_is_broken_is_named(area: CapArea, words: str) -> None:
    alert = dataclasses.replace(FULL, infos=(dataclasses.replace(FULL.infos[0], areas=(area,)),))
    with pytest.raises(CapError, match=words):
        require_valid(alert)


# --- what others wrote ---------------------------------------------------------------------------

GOOD = {
    "cap_amber_alert_example.xml": 1,
    "google_cap_library/amber.atom": 1,
    "google_cap_library/australia.cap": 1,
    "google_cap_library/bushfire_valid.edxlde": 7,
    "google_cap_library/canada.cap": 1,
    "google_cap_library/canada_signed.atom": 1,
    "google_cap_library/canada_signed.cap": 1,
    "google_cap_library/earthquake-iso8859-1.cap": 1,
    "google_cap_library/earthquake.cap": 1,
    "google_cap_library/earthquake_signed.cap": 1,
    "google_cap_library/no_optional_fields.cap": 1,
    "google_cap_library/wcatwc-warning.cap": 1,
    "google_cap_library/weather.atom": 1,
    "google_cap_library/weather.cap": 1,
}
BAD = {
    "google_cap_library/bushfire_invalid.edxlde": "no <identifier>",
    "google_cap_library/canada_errors.cap": "<references> is empty",
    "google_cap_library/invalid.cap": "no <scope>",
    "google_cap_library/no_entries.atom": "holds a <Point>",
    "google_cap_library/noaa_errors.cap": "<references> is empty",
    "google_cap_library/weather_invalid.atom": "comma",
    "google_cap_library/xee.cap": "DOCTYPE",
    "google_cap_library/xee.atom": "DOCTYPE",
}


def test_every_shared_file_is_read_or_refused_with_one_sentence(shared_data: Path) -> None:
    folder = shared_data / "cap"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 32
    for path in files:
        name = path.relative_to(folder).as_posix()
        if name in GOOD:
            alerts = read_alerts(path.read_bytes())
            assert len(alerts) == GOOD[name]
            for alert in alerts:  # and what was read can be written again, as 1.2
                assert read_alert(xml_of(alert)) == alert
            continue
        # the others are indexes of alerts, without one, and those that are wrong on purpose
        with pytest.raises(CapError, match=BAD.get(name, "no CAP message")) as caught:
            read_alerts(path.read_bytes())
        assert str(caught.value).count("\n") == 0


def test_letters_and_numbers_of_a_real_file(shared_data: Path) -> None:
    folder = shared_data / "cap" / "google_cap_library"
    alert = read_alert((folder / "earthquake-iso8859-1.cap").read_bytes())
    assert "Usulután" in alert.infos[0].headline
    assert alert.infos[0].areas[0].circles == (
        Circle(lat_deg=12.747, lon_deg=-88.783, radius_km=0.0),
    )


BOMB = b"""<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>&e;&e;&e;</identifier></alert>"""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no XML"),
        (b"\x00\xff", "no XML"),
        (b"<alert>", "no XML"),
        (b"<alert/>", "no CAP message"),
        (BOMB, "amplification|DOCTYPE"),
        (b"<a>" * 100_000, "no XML"),
        (b" " * (MAX_BYTES + 1), "at most 4 MiB"),
    ],
)
def test_what_is_no_message_gets_one_sentence(content: bytes, words: str) -> None:
    with pytest.raises(CapError, match=words):
        read_alert(content)


def test_an_entity_never_reaches_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-secret", encoding="utf-8")
    text = xml_of(FULL).decode()
    head, body = text.split("\n", 1)
    evil = body.replace("<note>Corrected area", "<note>&x;")
    content = f'{head}<!DOCTYPE alert [<!ENTITY x SYSTEM "{secret.as_uri()}">]>{evil}'.encode()
    with pytest.raises(CapError, match="DOCTYPE") as caught:
        read_alert(content)
    assert "the-secret" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_spoilt_message_is_refused_or_read_but_never_breaks_the_reader(
    data: st.DataObject,
) -> None:
    content = bytearray(xml_of(FULL))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "double"]))
        if what == "flip":
            content[at] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del content[at : at + data.draw(st.integers(1, 60))]
        else:
            content[at:at] = content[at : at + 40]
        if not content:
            break
    with contextlib.suppress(CapError):
        for alert in read_alerts(bytes(content)):
            require_valid(alert)


# --- from the command ----------------------------------------------------------------------------


def test_alert_and_cancel_are_made_together_and_both_hold() -> None:
    both = prepared(**FRENCH)
    alert, cancel = read_alert(xml_of(both.alert)), read_alert(xml_of(both.cancel))
    assert (alert.msg_type, cancel.msg_type) == ("Alert", "Cancel")
    assert cancel.references == (f"alerts@city.example,{alert.identifier},{alert.sent}",)
    assert cancel.identifier != alert.identifier
    assert [i.language for i in alert.infos] == [i.language for i in cancel.infos] == [
        "en-GB", "fr-FR"
    ]  # fmt: skip
    assert alert.infos[0].description == ARGS["description"]
    assert alert.infos[1].headline == FRENCH["headline_2"]
    assert cancel.infos[1].headline == "Le danger est passé."
    assert {i.response_types for i in cancel.infos} == {("AllClear",)}
    assert alert.infos[0].expires == cap_time(T_NS + 3600 * NS_PER_S)
    later = sent_at(both.cancel, T_NS + 90 * NS_PER_S, "False alarm")
    assert later.sent == cap_time(T_NS + 90 * NS_PER_S)
    assert later.note == "False alarm"
    assert later.references == (both.alert.reference,)


def test_the_same_command_gives_the_same_bytes_everywhere() -> None:
    once, twice = prepared(**FRENCH), prepared(**FRENCH)
    assert xml_of(once.alert) == xml_of(twice.alert)
    assert xml_of(once.cancel) == xml_of(twice.cancel)


@pytest.mark.parametrize(
    ("mode", "status", "mark"),
    [("live", "Actual", ""), ("drill", "Exercise", "EXERCISE "), ("test", "Test", "TEST ")],
)
def test_the_mode_of_the_hub_alone_makes_an_exercise(mode: Mode, status: str, mark: str) -> None:
    both = prepared(mode, headline="x" * 160)
    for message in (both.alert, both.cancel):
        assert message.status == status
        assert message.infos[0].headline.startswith(mark)
        assert len(message.infos[0].headline) <= 160
        assert message.infos[0].description.startswith(mark)
        assert bool(message.note) == (mode != "live")
    names = {field.name for field in dataclasses.fields(PublishAlert)}
    assert not names & {"status", "drill", "mode"}


def test_the_area_lies_where_it_was_chosen() -> None:
    circle = prepared().alert.infos[0].areas[0].circles[0]
    lon, lat = geographic_from_local(np.array([[120.0, -340.0]]), ORIGIN)[0].tolist()
    assert circle.lat_deg == pytest.approx(lat, abs=1e-6)
    assert circle.lon_deg == pytest.approx(lon, abs=1e-6)
    assert circle.radius_km == 0.8
    area = prepared(outline="0,0 100,0 100,50.5").alert.infos[0].areas[0]
    assert area.circles == ()
    assert len(area.polygons[0]) == 4
    assert area.polygons[0][0] == area.polygons[0][-1]
    nowhere = dataclasses.replace(ORIGIN, crs=None)
    params = params_from_args(PublishAlert, ARGS)
    with pytest.raises(CrsError, match="not georeferenced"):
        prepare(params, command_id="c", sent_ns=0, publisher=PUBLISHER, mode="live", origin=nowhere)


def test_identifiers_and_times_follow_from_the_command() -> None:
    clock = FakeClock(T_NS)
    command_id = uuid7(clock)
    assert identifier_of(command_id) == f"civitwin.{command_id}"
    assert abs(sent_ns_of(command_id, T_NS + NS_PER_S) - T_NS) < 2_000_000
    assert sent_ns_of(command_id, T_NS + 10 * 86_400 * NS_PER_S) == T_NS + 10 * 86_400 * NS_PER_S
    assert sent_ns_of("made by hand", T_NS) == T_NS
    odd = identifier_of("../../etc/pass wd,<&")
    assert odd.removeprefix("civitwin.").isalnum()
    assert odd != identifier_of("../../etc/pass wd,<")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"headline": "  "}, "headline", "text for its headline"),
        ({"description": "a\x01"}, "description", "U\\+0001"),
        ({"language": "english!"}, "language", "code like en-GB"),
        ({"language_2": "fr-FR"}, "event_2", "in fr-FR"),
        ({"headline_2": "Oui"}, "language_2", "which language"),
        ({"language_2": "en-GB"} | {"event_2": "x"}, "language_2", "another one"),
        ({"outline": "0,0 1,1"}, "outline", "3 to 200 corners"),
        ({"outline": "0,0 1,1 x,2"}, "outline", "where x,y is expected"),
        ({"outline": "0,0 1,1 nan,2"}, "outline", "where x,y is expected"),
        ({"outline": "0;0 1,1 2,2"}, "outline", "where x,y is expected"),
    ],
)
def test_texts_that_do_not_fit_are_told_at_their_field(
    change: dict[str, Any], field: str, words: str
) -> None:
    errors = field_errors(PublishAlert, ARGS | change)
    assert list(errors) == [field]
    with pytest.raises(CommandRejected, match=words):
        params_from_args(PublishAlert, ARGS | change)


def test_an_outline_may_be_closed_or_not() -> None:
    assert outline_points("0,0 10,0 10,5") == outline_points("0,0 10,0 10,5 0,0")
    assert outline_points("") == ()


def test_the_types_say_whom_they_touch() -> None:
    publish = command_registry()["alert.publish"]
    assert publish.significance == 4
    sentence = publish.describe("Gateway", params_from_args(PublishAlert, ARGS))
    assert "everybody in 800 m around Old Harbour" in sentence
