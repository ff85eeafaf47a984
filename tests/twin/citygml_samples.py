"""CityGML texts, piece by piece."""

from __future__ import annotations

#: File, version, CRS, what ../shared/data/README.md counts in it, and its level of detail.
REAL: list[tuple[str, str, str, dict[str, int], str]] = [
    ("potsdam_lod1.gml", "1.0", "EPSG:25833+5783", {"Building": 97, "Polygon": 1547}, "1"),
    ("berlin_open_data_sample.gml", "1.0", "EPSG:25833", {"Building": 61, "Polygon": 1125}, "2"),
    ("yokosuka_plateau/udx/bldg/52397519_bldg_6697_op.gml", "2.0", "EPSG:6697",
     {"Building": 13, "Polygon": 811}, "2"),
    ("ingolstadt_lod3_4018198/4018198.xml", "2.0", "EPSG:32632",
     {"Building": 1, "Polygon": 547}, "3"),
    ("fzk_haus_lod3_kit.gml", "1.0", "EPSG:25832", {"Building": 1, "Window": 11, "Door": 2}, "3"),
    ("citygml3_lod2_buildings.gml", "3.0", "EPSG:3068+5783", {"Building": 100}, "2"),
]  # fmt: skip
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml"
 xmlns:bldg="http://www.opengis.net/citygml/building/2.0"
 xmlns:gen="http://www.opengis.net/citygml/generics/2.0"
 xmlns:app="http://www.opengis.net/citygml/appearance/2.0"
 xmlns:veg="http://www.opengis.net/citygml/vegetation/2.0"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<gml:boundedBy><gml:Envelope srsName="{crs}"/></gml:boundedBy>
{members}
</CityModel>"""


def polygon(points: str, *, name: str = "", holes: str = "") -> str:
    known_as = f' gml:id="{name}"' if name else ""
    ring = f' gml:id="{name}-ring"' if name else ""
    return (
        f"<gml:Polygon{known_as}><gml:exterior><gml:LinearRing{ring}><gml:posList>{points}"
        f"</gml:posList></gml:LinearRing></gml:exterior>{holes}</gml:Polygon>"
    )


def square(x: float, y: float, z: float, size: float = 10.0) -> str:
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    return " ".join(f"{a} {b} {z}" for a, b in corners)


def building(inner: str, name: str = "b") -> str:
    return (
        f'<cityObjectMember><bldg:Building gml:id="{name}">{inner}</bldg:Building>'
        "</cityObjectMember>"
    )


def surfaces(lod: str, *members: str) -> str:
    inside = "".join(f"<gml:surfaceMember>{member}</gml:surfaceMember>" for member in members)
    return f"<{lod}><gml:MultiSurface>{inside}</gml:MultiSurface></{lod}>"


X, Y = 368_000, 5_808_000
AT = square(X, Y, 30.0)
