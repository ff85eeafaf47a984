"""Small GTFS feeds: two lines over three stops, one day a week and one holiday."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

#: One line runs east over 0.02 degrees, its way goes round a corner in the north.
TABLES: Mapping[str, str] = {
    "agency.txt": "agency_id,agency_name,agency_timezone\nA,Agency,Europe/Vienna\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type\n"
        'a,"West, main",48.20,16.30,0\nb,Middle,48.20,16.31,0\nc,East,48.20,16.32,0\n'
    ),
    "routes.txt": (
        "route_id,route_short_name,route_long_name,route_type,route_color\n"
        "R,1,West - East,3,FF8800\n"
    ),
    "trips.txt": (
        "trip_id,route_id,service_id,shape_id\nt1,R,mon,s\nt2,R,mon,back\nt3,R,holiday,s\n"
    ),
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t1,08:00:00,08:00:00,a,1\nt1,08:10:00,08:12:00,b,2\nt1,08:22:00,08:22:00,c,3\n"
        "t2,08:30:00,08:30:00,c,10\nt2,,,b,20\nt2,08:50:00,08:50:00,a,30\n"
        "t3,24:30:00,24:30:00,a,1\nt3,25:00:00,25:00:00,c,2\n"
    ),
    "shapes.txt": (
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
        "s,48.20,16.30,1\ns,48.20,16.31,2\ns,48.21,16.31,3\ns,48.21,16.32,4\ns,48.20,16.32,5\n"
        "back,48.20,16.32,1\nback,48.20,16.30,2\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "mon,1,0,0,0,0,0,0,20260105,20261228\n"
    ),
    "calendar_dates.txt": ("service_id,date,exception_type\nmon,20260406,2\nholiday,20260406,1\n"),
}


def feed(folder: Path, name: str = "city.zip", **changed: str | None) -> Path:
    """Write a feed as a zip; `stops_txt="…"` replaces a table, None leaves it out."""
    tables = dict(TABLES)
    for key, text in changed.items():
        table = key.replace("_txt", ".txt")
        if text is None:
            tables.pop(table, None)
        else:
            tables[table] = text
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table, text in tables.items():
            archive.writestr(table, text.encode("utf-8"))
    return path
