"""CityGML that is cut off, hostile or wrongly encoded: named warnings, or one clear sentence."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path
from time import perf_counter

import pytest

from tests.twin.citygml_samples import AT, HEAD, REAL, building, polygon, surfaces
from twin.city.asset import CityAsset
from twin.errors import ReadError
from twin.readers.base import open_city

HOUSE = building(surfaces("bldg:lod1MultiSurface", polygon(AT)))
WHOLE = HEAD.format(crs="EPSG:25833", members=HOUSE)


def kinds_of(city: CityAsset) -> set[str]:
    return {warning.kind for warning in city.warnings}


def written(folder: Path, content: bytes | str, name: str = "city.gml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", [row[0] for row in REAL], ids=lambda name: name[:9])
def test_files_that_are_cut_off_show_what_is_there(
    shared_data: Path, tmp_path: Path, name: str, share: float
) -> None:
    content = (shared_data / "citygml" / name).read_bytes()
    path = written(tmp_path, content[: int(share * len(content))])
    started = perf_counter()
    whole, part = open_city(shared_data / "citygml" / name), open_city(path)
    assert perf_counter() - started < 15.0
    assert "truncated" in kinds_of(part)
    assert 0 < part.counts["Building"] <= whole.counts["Building"]
    assert part.counts["Polygon"] <= whole.counts["Polygon"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_packed_files_that_are_cut_off_show_what_is_there(
    shared_data: Path, tmp_path: Path, share: float
) -> None:
    content = gzip.compress((shared_data / "citygml" / "potsdam_lod1.gml").read_bytes(), 1)
    path = written(tmp_path, content[: int(share * len(content))], "city.gml.gz")
    city = open_city(path)
    assert "truncated" in kinds_of(city)
    assert 0 < city.counts["Building"] <= 97


LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(10)
)


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x SYSTEM "file:///etc/hostname">',
        '<!ENTITY x SYSTEM "http://127.0.0.1:9/x">',
        '<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;',
        LAUGHS,
    ],
    ids=["file", "network", "parameter", "laughs"],
)
def test_declared_entities_are_refused_at_once(tmp_path: Path, declared: str) -> None:
    used = "&l9;" if "l9" in declared else "&x;"
    if "%" in declared:
        used = ""
    text = WHOLE.replace("?>\n", f"?>\n<!DOCTYPE CityModel [{declared}]>\n", 1).replace(
        "<bldg:Building", f"<gml:name>{used}</gml:name><bldg:Building", 1
    )
    tracemalloc.start()
    started = perf_counter()
    with pytest.raises(ReadError, match="entities"):
        open_city(written(tmp_path, text))
    assert perf_counter() - started < 2.0
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_a_plain_doctype_is_no_harm_and_loads_nothing(tmp_path: Path) -> None:
    text = WHOLE.replace("?>\n", '?>\n<!DOCTYPE CityModel SYSTEM "http://127.0.0.1:9/c.dtd">\n', 1)
    assert open_city(written(tmp_path, text)).n_surfaces == 1


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_a_declared_encoding_is_kept(tmp_path: Path, encoding: str) -> None:
    text = WHOLE.replace("UTF-8", encoding).replace(
        'gml:id="b">', 'gml:id="b"><gml:name>Straße</gml:name>'
    )
    city = open_city(written(tmp_path, text.encode(encoding)))
    assert city.features.attributes_of(0)["name"] == "Straße"
    assert city.warnings == ()


def test_bytes_of_another_encoding_are_named(tmp_path: Path) -> None:
    text = WHOLE.replace('gml:id="b">', 'gml:id="b"><gml:name>Straße</gml:name>')
    city = open_city(written(tmp_path, text.encode("iso-8859-1")))
    assert kinds_of(city) == {"bad-encoding"}
    assert str(city.features.attributes_of(0)["name"]).startswith("Stra")


def test_an_encoding_that_does_not_exist_is_named(tmp_path: Path) -> None:
    city = open_city(written(tmp_path, WHOLE.replace("UTF-8", "klingon-8")))
    assert kinds_of(city) == {"bad-encoding"}


def test_crossed_tags_are_named(tmp_path: Path) -> None:
    city = open_city(written(tmp_path, WHOLE.replace("</gml:MultiSurface>", "")))
    assert "bad-xml" in kinds_of(city)
    assert city.n_surfaces == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<CityModel xmlns='http://www.opengis.net/citygml/2.0'/>", "no city objects"),
        (WHOLE.replace("cityObjectMember>", "x>"), "no city objects"),
        ("<a xmlns='http://www.opengis.net/citygml/2.0'>" + "<b>" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_city_says_so(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ReadError, match=words):
        open_city(written(tmp_path, text))


def test_coordinates_that_are_no_numbers_cost_their_surface_only(tmp_path: Path) -> None:
    bad = [AT.replace("30.0", word, 1) for word in ("NaN", "thirty", "1e999", "")]
    members = surfaces("bldg:lod1MultiSurface", polygon(AT), *map(polygon, bad))
    city = open_city(written(tmp_path, HEAD.format(crs="EPSG:25833", members=building(members))))
    assert city.soup.n_triangles == 2
    assert "bad-coordinates" in kinds_of(city)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    member = '<gml:CompositeSurface gml:id="{}"><gml:surfaceMember xlink:href="#{}"/></gml:CompositeSurface>'  # noqa: E501
    inner = surfaces(
        "bldg:lod1MultiSurface", member.format("a", "b"), member.format("b", "a"), polygon(AT)
    )
    city = open_city(written(tmp_path, HEAD.format(crs="EPSG:25833", members=building(inner))))
    assert city.n_surfaces == 1
    assert kinds_of(city) == {"missing-link"}


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.readers.citygml_stream.MAX_UNPACKED_BYTES", 4 << 20)
    head, tail = WHOLE.split("<cityObjectMember>", 1)
    bomb = gzip.compress((head + " " * (48 << 20) + "<cityObjectMember>" + tail).encode())
    with pytest.raises(ReadError, match="unpacks to more"):
        open_city(written(tmp_path, bomb, "bomb.gml.gz"))


def test_memory_follows_the_polygons_and_not_the_text(tmp_path: Path) -> None:
    """A hundred times as much text around the same bodies needs about the same memory."""
    fact = '<gen:stringAttribute name="n"><gen:value>{}</gen:value></gen:stringAttribute>'
    peaks = []
    for n in (10, 1000):
        inner = fact.format("x") * n + surfaces("bldg:lod1MultiSurface", polygon(AT))
        members = "".join(building(inner, f"b{number}") for number in range(60))
        path = written(tmp_path, HEAD.format(crs="EPSG:25833", members=members), f"{n}.gml")
        tracemalloc.start()
        assert open_city(path).features.n_features == 60
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (2 << 20)
