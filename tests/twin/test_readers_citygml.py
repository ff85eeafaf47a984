"""CityGML: real cities by their counts, every part of the format by a small file."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.twin.citygml_samples import AT, HEAD, REAL, X, Y, building, polygon, square, surfaces
from twin.city.asset import CityAsset, Surface
from twin.city.frames import projected_from_local
from twin.errors import ReadError
from twin.readers.base import ReadOptions, open_city


def opened(
    folder: Path, members: str, *, crs: str = "EPSG:25833", lod: str = "", head: str = HEAD
) -> CityAsset:
    path = folder / "small.gml"
    path.write_text(head.format(crs=crs, members=members), encoding="utf-8")
    return open_city(path, ReadOptions(lod=lod))


def kinds_of(city: CityAsset) -> dict[str, int]:
    return {warning.kind: warning.count for warning in city.warnings}


@pytest.mark.parametrize(
    ("name", "version", "crs", "counts", "lod"), REAL, ids=lambda v: str(v)[:9]
)
def test_real_cities_have_the_counts_of_their_readme(
    shared_data: Path, name: str, version: str, crs: str, counts: dict[str, int], lod: str
) -> None:
    city = open_city(shared_data / "citygml" / name)
    assert (city.format, city.version, city.source_crs) == ("CityGML", version, crs)
    assert {key: city.counts[key] for key in counts} == counts
    assert city.features.counts_by_kind()["Building"] == counts["Building"]
    assert city.lod_drawn == lod
    assert set(kinds_of(city)) <= {"axes-swapped"}
    assert city.soup.n_triangles > 0
    assert np.isfinite(city.soup.corners_local_m).all()


def test_potsdam_stands_where_it_says_with_its_attributes(shared_data: Path) -> None:
    city = open_city(shared_data / "citygml" / "potsdam_lod1.gml")
    row = city.features.row_of("c575fe13-dc5d-4b54-95bc-c81327")
    bounds = city.features.bounds_min_max_local_m[row].reshape(2, 3)
    place = projected_from_local(bounds, city.origin)
    assert place[0] == pytest.approx([367174.187, 5808056.278, 41.98], abs=0.01)
    assert place[1] == pytest.approx([367187.549, 5808067.908, 50.77], abs=0.01)
    facts = city.features.attributes_of(row)
    assert facts["DFORM"] == 2000.0
    assert facts["DFIHW"] == "5808061210"
    assert isinstance(facts["measuredHeight"], float)
    assert str(facts["address"]).count(",") == 1


def test_latitude_first_is_recognised(shared_data: Path) -> None:
    path = shared_data / "citygml" / "yokosuka_plateau" / "udx" / "bldg"
    city = open_city(path / "52397519_bldg_6697_op.gml")
    assert city.origin.crs == "EPSG:32654"
    extent = city.bounds_min_max_local_m()
    assert (extent[3:] - extent[:3] < [400, 400, 40]).all()
    facts = city.features.attributes_of(0)
    assert facts["name"] == "横須賀美術館"
    assert facts["床面積換算係数"] == 0.9
    assert facts["usage"] == "422"


def test_shared_surfaces_are_drawn_once_and_keep_what_they_are(tmp_path: Path) -> None:
    wall = surfaces("bldg:lod2MultiSurface", polygon(AT, name="p1"))
    roof = surfaces("bldg:lod2MultiSurface", '<gml:Polygon xlink:href="#x"/>')
    link = '<gml:surfaceMember xlink:href="#p1"/>'
    solid = (
        "<bldg:lod2Solid><gml:Solid><gml:exterior><gml:CompositeSurface>"
        f"{link}<gml:surfaceMember>{polygon(square(X, Y, 40.0), name='p2')}</gml:surfaceMember>"
        "</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod2Solid>"
    )
    inner = (
        f"<bldg:boundedBy><bldg:WallSurface>{wall}</bldg:WallSurface></bldg:boundedBy>{solid}"
        f"<bldg:boundedBy><bldg:RoofSurface>{roof.replace('#x', '#p2')}</bldg:RoofSurface>"
        "</bldg:boundedBy>"
    )
    city = opened(tmp_path, building(inner.replace('<gml:Polygon xlink:href="#p2"/>', "")))
    assert city.n_surfaces == 2
    assert sorted(set(city.soup.surfaces.tolist())) == [Surface.WALL, Surface.ROOF]
    assert city.warnings == ()


def test_links_forward_to_another_building_are_followed_and_lost_ones_named(
    tmp_path: Path,
) -> None:
    link = "<bldg:lod1Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{}</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod1Solid>"  # noqa: E501
    member = '<gml:surfaceMember xlink:href="#{}"/>'
    first = building(link.format(member.format("later") + member.format("never")), "a")
    second = building(surfaces("bldg:lod1MultiSurface", polygon(AT, name="later")), "b")
    city = opened(tmp_path, first + second)
    assert city.soup.features.tolist() == [1, 1, 0, 0]
    assert kinds_of(city) == {"missing-link": 1}


def test_orientable_surfaces_turn_their_base_over(tmp_path: Path) -> None:
    turned = (
        '<gml:OrientableSurface orientation="-"><gml:baseSurface>'
        f"{polygon(AT)}</gml:baseSurface></gml:OrientableSurface>"
    )
    plain = opened(tmp_path, building(surfaces("bldg:lod1MultiSurface", polygon(AT))))
    over = opened(tmp_path, building(surfaces("bldg:lod1MultiSurface", turned)))
    assert set(plain.soup.surfaces.tolist()) == {Surface.ROOF}
    assert set(over.soup.surfaces.tolist()) == {Surface.GROUND}


def test_the_best_or_the_wanted_level_is_drawn(tmp_path: Path) -> None:
    inner = surfaces("bldg:lod1MultiSurface", polygon(AT)) + surfaces(
        "bldg:lod2MultiSurface", polygon(AT), polygon(square(X, Y, 50.0))
    )
    best = opened(tmp_path, building(inner))
    assert (best.lods, best.lod_drawn, best.n_surfaces) == (("1", "2"), "2", 2)
    assert opened(tmp_path, building(inner), lod="1").n_surfaces == 1
    with pytest.raises(ReadError, match="no level of detail 3"):
        opened(tmp_path, building(inner), lod="3")


def test_finer_parts_replace_their_building_and_know_it(tmp_path: Path) -> None:
    part = surfaces("bldg:lod2MultiSurface", polygon(AT))
    inner = surfaces("bldg:lod1MultiSurface", polygon(square(X, Y, 99.0))) + (
        '<bldg:consistsOfBuildingPart><bldg:BuildingPart gml:id="part">'
        f"{part}</bldg:BuildingPart></bldg:consistsOfBuildingPart>"
    )
    city = opened(tmp_path, building(inner))
    assert city.features.ids == ("b", "part")
    assert city.features.parents.tolist() == [-1, 0]
    assert set(city.soup.features.tolist()) == {1}


def test_holes_old_coordinates_and_flat_ones(tmp_path: Path) -> None:
    hole = (
        "<gml:interior><gml:LinearRing><gml:coordinates>"
        + " ".join(f"{X + a},{Y + b},30" for a, b in ((2, 2), (2, 8), (8, 8), (8, 2), (2, 2)))
        + "</gml:coordinates></gml:LinearRing></gml:interior>"
    )
    flat = " ".join(f"{X + a} {Y + b}" for a, b in ((20, 0), (30, 0), (30, 10), (20, 10), (20, 0)))
    inner = surfaces("bldg:lod1MultiSurface", polygon(AT, holes=hole), polygon(flat))
    city = opened(tmp_path, building(inner))
    a, b = (np.diff(city.soup.corners_local_m, axis=1)[:, k] for k in (0, 1))
    areas = np.linalg.norm(np.cross(a, b), axis=1) / 2
    assert areas.sum() == pytest.approx(100 - 36 + 100, rel=1e-5)


def test_openings_fill_the_holes_of_their_wall_and_are_counted(shared_data: Path) -> None:
    city = open_city(shared_data / "citygml" / "fzk_haus_lod3_kit.gml")
    assert city.n_surfaces == city.counts["Polygon"]
    assert city.features.n_features == 1
    assert city.features.attributes_of(0)["yearOfConstruction"] == 2020.0
    assert city.features.attributes_of(0)["roofType"] == "1030"


TREE = """<cityObjectMember><veg:SolitaryVegetationObject gml:id="{name}">
<veg:lod2ImplicitRepresentation><ImplicitGeometry>
<transformationMatrix>2 0 0 0 0 2 0 0 0 0 2 0 0 0 0 1</transformationMatrix>
<relativeGMLGeometry{geometry}</relativeGMLGeometry>
<referencePoint><gml:Point><gml:pos>{place}</gml:pos></gml:Point></referencePoint>
</ImplicitGeometry></veg:lod2ImplicitRepresentation></veg:SolitaryVegetationObject>
</cityObjectMember>"""


def trees(first: str, second: str) -> str:
    shape = f'><gml:MultiSurface gml:id="tree"><gml:surfaceMember>{polygon(square(0, 0, 3, 1))}'
    shape += "</gml:surfaceMember></gml:MultiSurface>"
    return TREE.format(name="t1", geometry=shape, place=first) + TREE.format(
        name="t2", geometry=' xlink:href="#tree">', place=second
    )


def test_implicit_geometry_stands_at_its_reference_points(tmp_path: Path) -> None:
    city = opened(tmp_path, trees(f"{X} {Y} 30", f"{X + 100} {Y} 40"))
    bounds = city.features.bounds_min_max_local_m
    lows = projected_from_local(bounds[:, :3], city.origin)
    assert lows[0] == pytest.approx([X, Y, 36.0], abs=1e-3)
    assert lows[1] == pytest.approx([X + 100, Y, 46.0], abs=1e-3)
    assert (bounds[:, 3:5] - bounds[:, :2]).ravel() == pytest.approx(2.0, abs=1e-3)
    assert set(city.soup.surfaces.tolist()) == {Surface.GREEN}


def test_implicit_geometry_keeps_its_metres_among_degrees(tmp_path: Path) -> None:
    city = opened(tmp_path, trees("35.0 141.0 10", "35.001 141.0 10"), crs="EPSG:6697")
    bounds = city.features.bounds_min_max_local_m
    assert (bounds[:, 3:5] - bounds[:, :2]).ravel() == pytest.approx(2.0, abs=0.01)
    north_m = float(bounds[1, 1] - bounds[0, 1])  # 141 degrees is the middle of its UTM zone
    assert north_m == pytest.approx(110.94, abs=0.1)
    assert kinds_of(city) == {"axes-swapped": 1}


@pytest.mark.parametrize(
    ("named", "crs"),
    [
        ("urn:ogc:def:crs,crs:EPSG::25833,crs:EPSG::5783", "EPSG:25833+5783"),
        ("http://www.opengis.net/def/crs/EPSG/0/25833", "EPSG:25833"),
        ("urn:ogc:def:crs:EPSG:6.9:25833", "EPSG:25833"),
        ("urn:adv:crs:ETRS89_UTM33*DE_DHHN2016_NH", "EPSG:25833+7837"),
        ("ETRS89_UTM33", "EPSG:25833"),
        ("http://www.opengis.net/gml/srs/epsg.xml#25833", "EPSG:25833"),
    ],
)
def test_a_crs_is_understood_in_every_spelling(tmp_path: Path, named: str, crs: str) -> None:
    city = opened(tmp_path, building(surfaces("bldg:lod1MultiSurface", polygon(AT))), crs=named)
    assert city.source_crs == crs
    assert city.warnings == ()


def test_north_before_east_is_swapped_in_metres_too(tmp_path: Path) -> None:
    inner = surfaces("bldg:lod1MultiSurface", polygon(square(Y, X, 30.0)))
    city = opened(tmp_path, building(inner))
    assert kinds_of(city) == {"axes-swapped": 1}
    assert (city.origin.east_m, city.origin.north_m) == (X + 5, Y + 5)


def test_the_crs_of_a_geometry_counts_where_no_envelope_names_one(tmp_path: Path) -> None:
    inner = surfaces("bldg:lod1MultiSurface", polygon(AT)).replace(
        "<gml:Polygon", '<gml:Polygon srsName="EPSG:25833"'
    )
    assert opened(tmp_path, building(inner), crs="").source_crs == "EPSG:25833"


def test_attributes_of_every_kind(tmp_path: Path) -> None:
    facts = (
        '<gen:intAttribute name="storeys"><gen:value>4</gen:value></gen:intAttribute>'
        '<gen:genericAttributeSet name="s"><gen:stringAttribute name="owner"><gen:value>Stadt'
        "</gen:value></gen:stringAttribute></gen:genericAttributeSet>"
        "<bldg:function>1000</bldg:function><bldg:function>1200</bldg:function>"
        '<bldg:measuredHeight uom="m">12.5</bldg:measuredHeight>'
        '<x:energy xmlns:x="http://x.org/ade"><x:Report><x:demand uom="kWh">70</x:demand>'
        "<x:class>B</x:class></x:Report></x:energy>"
    )
    city = opened(tmp_path, building(facts + surfaces("bldg:lod1MultiSurface", polygon(AT))))
    assert city.features.attributes_of(0) == {
        "storeys": 4.0, "owner": "Stadt", "function": "1000, 1200", "measuredHeight": 12.5,
        "Report.demand": 70.0, "Report.class": "B",
    }  # fmt: skip


def test_undeclared_prefixes_and_objects_of_extensions_are_read(tmp_path: Path) -> None:
    inner = surfaces("bldg:lod1MultiSurface", polygon(AT))
    mast = (
        '<cityObjectMember><tele:Mast gml:id="m"><tele:operator>Post</tele:operator>'
        f"{inner.replace('bldg:', 'tele:')}</tele:Mast></cityObjectMember>"
    )
    city = opened(tmp_path, building(inner) + mast)
    assert city.counts == {"Polygon": 2, "Building": 1, "Mast": 1}
    assert city.features.attributes_of(1) == {"operator": "Post"}
    nothing_declared = HEAD.replace('"http://www.opengis.net/gml"', '"u:x"').replace(
        'xmlns="http://www.opengis.net/citygml/2.0"', 'xmlns:core="http://www.opengis.net/citygml"'
    )
    assert opened(tmp_path, building(inner), head=nothing_declared).n_surfaces == 1


def test_a_packed_file_opens_like_its_content(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "citygml" / "berlin_open_data_sample.gml"
    path = tmp_path / "berlin.gml.gz"
    path.write_bytes(gzip.compress(source.read_bytes(), 1))
    packed, plain = open_city(path), open_city(source)
    assert packed.counts == plain.counts
    assert np.array_equal(packed.soup.corners_local_m, plain.soup.corners_local_m)


TEXTURE = """<app:appearanceMember><app:Appearance><app:theme>photo</app:theme>
<app:surfaceDataMember><app:ParameterizedTexture><app:imageURI>{image}</app:imageURI>
<app:target uri="#p"><app:TexCoordList><app:textureCoordinates ring="#p-ring">{uv}
</app:textureCoordinates></app:TexCoordList></app:target></app:ParameterizedTexture>
</app:surfaceDataMember><app:surfaceDataMember><app:X3DMaterial>
<app:diffuseColor>1 0.5 0</app:diffuseColor><app:target>#m</app:target></app:X3DMaterial>
</app:surfaceDataMember></app:Appearance></app:appearanceMember>"""


def textured(image: str, *, appearance_first: bool, uv: str = "0 0 1 0 1 1 0 1 0 0") -> str:
    plain = polygon(square(X, Y, 50.0))
    painted = (
        f'<gml:MultiSurface gml:id="m"><gml:surfaceMember>{plain}</gml:surfaceMember>'
        "</gml:MultiSurface>"
    )
    house = building(surfaces("bldg:lod2MultiSurface", polygon(AT, name="p"), painted))
    look = TEXTURE.format(image=image, uv=uv)
    return look + house if appearance_first else house + look


@pytest.mark.parametrize("appearance_first", [True, False])
def test_textures_and_colours_reach_the_triangles(tmp_path: Path, appearance_first: bool) -> None:
    (tmp_path / "wall.jpg").write_bytes(b"an image")
    city = opened(tmp_path, textured("wall.jpg", appearance_first=appearance_first))
    soup = city.soup
    assert soup.materials is not None
    assert soup.uv is not None
    photo = next(n for n, one in enumerate(city.materials) if one.image is not None)
    assert city.materials[photo].image == tmp_path / "wall.jpg"
    assert city.materials[1 - photo].rgba == (255, 128, 0, 255)
    of_photo = soup.materials == photo
    assert of_photo.sum() == 2
    corners = soup.corners_local_m[of_photo].reshape(-1, 3)
    expected = (corners[:, :2] - corners[:, :2].min(axis=0)) / 10.0
    assert np.allclose(soup.uv[of_photo].reshape(-1, 2), expected, atol=1e-5)
    assert np.isnan(soup.uv[~of_photo]).all()


@pytest.mark.parametrize(
    ("image", "kind"),
    [("gone.jpg", "missing-textures"), ("../outside.jpg", "outside-texture"),
     ("/etc/hostname", "outside-texture"), ("http://x.org/a.jpg", "outside-texture")],
)  # fmt: skip
def test_images_that_cannot_be_had_are_named_and_the_city_stays(
    tmp_path: Path, image: str, kind: str
) -> None:
    (tmp_path / "outside.jpg").write_bytes(b"an image")
    inside = tmp_path / "city"
    inside.mkdir()
    city = opened(inside, textured(image, appearance_first=False))
    assert kind in kinds_of(city)
    assert city.soup.n_triangles == 4
    assert [one.image for one in city.materials] == [None]


def test_texture_coordinates_that_fit_no_ring_are_named(tmp_path: Path) -> None:
    (tmp_path / "wall.jpg").write_bytes(b"an image")
    city = opened(tmp_path, textured("wall.jpg", appearance_first=False, uv="0 0 1 0 1 1"))
    assert kinds_of(city) == {"bad-texture": 1}
