"""Where the sun stands over a place at a time. Positions by the library astral (NOAA)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np

from twin.arrays import Float64Array
from twin.city.frames import Origin, geographic_from_local

#: What a city without a CRS is taken to be: it must be somewhere.
NOWHERE_LAT_DEG, NOWHERE_LON_DEG = 52.0, 5.0
_STEP_M = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SkyPlace:
    """A place as the sky needs it.

    Attributes
    ----------
    turn_rad : true north as seen from the frame's north, clockwise (meridian convergence)
    known : False = the city has no CRS and the place is assumed
    """

    lat_deg: float
    lon_deg: float
    turn_rad: float = 0.0
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SunAt:
    """The sun: true azimuth clockwise from north, elevation with refraction, radians."""

    azimuth_rad: float
    elevation_rad: float

    @property
    def is_up(self) -> bool:
        """Whether it stands above the horizon."""
        return self.elevation_rad > 0.0

    def direction(self, turn_rad: float = 0.0) -> Float64Array:
        """(3,) unit vector towards the sun, local frame, for a frame's `SkyPlace.turn_rad`."""
        flat, azimuth = np.cos(self.elevation_rad), self.azimuth_rad + turn_rad
        return np.array(
            [np.sin(azimuth) * flat, np.cos(azimuth) * flat, np.sin(self.elevation_rad)]
        )


def place_of_city(origin: Origin, middle_local_m: Float64Array) -> SkyPlace:
    """Where a point (3,) of a city lies on the earth, and how its frame is turned there."""
    if not origin.has_crs:
        return SkyPlace(lat_deg=NOWHERE_LAT_DEG, lon_deg=NOWHERE_LON_DEG, known=False)
    both = np.stack([middle_local_m, middle_local_m + np.array([0.0, _STEP_M, 0.0])])
    (lon, lat), (lon_up, lat_up) = geographic_from_local(both, origin)
    if not np.isfinite([lon, lat, lon_up, lat_up]).all():  # beyond what the projection can say
        if not middle_local_m.any():
            return SkyPlace(lat_deg=NOWHERE_LAT_DEG, lon_deg=NOWHERE_LON_DEG, known=False)
        return place_of_city(origin, np.zeros(3))
    east = (lon_up - lon) * np.cos(np.radians(lat))
    bearing = float(np.arctan2(east, lat_up - lat))
    return SkyPlace(lat_deg=float(lat), lon_deg=float(lon), turn_rad=-bearing)


def sun_at(moment: datetime, place: SkyPlace) -> SunAt:
    """Where the sun stands; ``moment`` is aware of its time zone."""
    from astral import Observer
    from astral.sun import azimuth, elevation

    observer = Observer(place.lat_deg, place.lon_deg, 0.0)
    utc = moment.astimezone(UTC)
    return SunAt(
        azimuth_rad=float(np.radians(azimuth(observer, utc))),
        elevation_rad=float(np.radians(elevation(observer, utc))),
    )


def rise_and_set(day: date, offset: timezone, place: SkyPlace) -> tuple[datetime, datetime] | None:
    """Sunrise and sunset of a day in a zone; None where the sun stays up or down all day."""
    from astral import Observer
    from astral.sun import sunrise, sunset

    observer = Observer(place.lat_deg, place.lon_deg, 0.0)
    try:
        return (
            sunrise(observer, day, tzinfo=offset),
            sunset(observer, day, tzinfo=offset),
        )
    except ValueError:  # astral's way to say that it does not happen
        return None


def moment_of(day: date, hour: float, offset_h: float) -> datetime:
    """An hour (0..24) of a day in a zone that is ``offset_h`` ahead of UTC."""
    zone = timezone(timedelta(hours=offset_h))
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return start + timedelta(hours=hour)
