"""Pictures of the city for a report: at its moments, with the places numbered as in its tables."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import hypot, radians
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scenes.moment import Moment
from scenes.scene_input import NothingSelected, Priority, SceneInput, input_from_stores
from twin.reporting.document import Picture
from twin.reporting.making import Tell, ToDraw
from twin.reporting.map_svg import free_spot
from twin.reporting.places import Place
from twin.reporting.svg import ACCENT, INK, priority_colour
from viewer.city_source import CityLoading, CitySource, LoadedCity, demo_named
from viewer.offscreen_city import OffscreenCity

if TYPE_CHECKING:
    from twin.reporting.places import Moment as ReportMoment

SIZE_PX = (1600, 900)
#: Letters are as large as in a picture of this size: on paper it is small.
_LETTERS_FOR_PX = (2880, 1620)
_LOADING_SHARE = 0.4
_LOOK_S = 0.1
_QUALITY = 88
_SIGN_PX = 17
_UP_PX = 84
_LEAST_M = 420.0
_ELEVATION_RAD, _AZIMUTH_RAD = radians(44), radians(20)
_RANKS = ("critical", "high", "medium", "low")


class CityArtist:
    """Draws the moments of one report; a `twin.reporting.making.Artist`. One thread."""

    def __init__(self, theme: str = "light") -> None:
        self._theme = theme

    def __call__(self, wanted: ToDraw, tell: Tell) -> tuple[Picture, ...]:
        """The pictures by time.

        Raises
        ------
        TwinError
            The city cannot be opened, or has nothing to draw.
        """
        loaded = _loaded(wanted.city, tell)
        wanted.past.store.set_origin(loaded.asset.origin)
        bare = Moment(given=SceneInput(), theme=self._theme)
        made = []
        with OffscreenCity(
            loaded, window_px=SIZE_PX, picture_px=_LETTERS_FOR_PX, moment=bare
        ) as city:
            city.home(SIZE_PX)
            for n, moment in enumerate(wanted.moments, 1):
                made.append(_picture(city, wanted, moment))
                tell(_LOADING_SHARE + (1 - _LOADING_SHARE) * n / len(wanted.moments))
        return tuple(made)


def _loaded(city: str, tell: Tell) -> LoadedCity:
    loading = CityLoading(demo_named(city) or CitySource(path=city))
    while not loading.wait(_LOOK_S):
        tell(_LOADING_SHARE * loading.fraction)
    return loading.result()


def _picture(city: OffscreenCity, wanted: ToDraw, moment: ReportMoment) -> Picture:
    past = wanted.past
    past.seek(moment.t_ns)
    shown = [(one, _place_at(one, wanted)) for one in wanted.places]
    located = [(one, xyz) for one, xyz in shown if xyz is not None]
    given = input_from_stores(
        observations=past.store, units=past.units, now_ns=moment.t_ns, selection=NothingSelected(),
        alarms=_alarms(wanted, moment.t_ns), targets=_under_way(wanted, moment.t_ns),
    )  # fmt: skip
    if located:
        _aim(city, np.array([xyz for _, xyz in located]))
    city.settle(given)
    city.target.render()
    image = Image.fromarray(city.target.pixels())
    _number(image, city, located)
    packed = io.BytesIO()
    image.save(packed, format="JPEG", quality=_QUALITY)
    at = wanted.clockwork.moment(moment.t_ns)
    names = "; ".join(f"{one.number} {one.name}" for one, _ in located) or "none"
    return Picture(
        caption=f"{wanted.clockwork.time(moment.t_ns)}: {moment.text}",
        alt=f"The city at {at}: {moment.text}. Marked places: {names}", size=SIZE_PX,
        image=packed.getvalue(),
    )  # fmt: skip


def _place_at(place: Place, wanted: ToDraw) -> tuple[float, float, float] | None:
    """Where it is now: what moves has moved."""
    return wanted.past.place_of(place.thing_id) or place.xyz


def _alarms(wanted: ToDraw, t_ns: int) -> dict[str, Priority]:
    """Highest priority of the alarms that stand, by thing."""
    found: dict[str, Priority] = {}
    lines = [one for one in wanted.scope.alarms if one.is_annunciated and one.stands_at(t_ns)]
    for line in sorted(lines, key=lambda one: -_RANKS.index(one.alarm.priority.value)):
        found[line.alarm.thing_id] = line.alarm.priority.value
    return found


def _under_way(wanted: ToDraw, t_ns: int) -> frozenset[str]:
    targets = set()
    for one in wanted.scope.commands:
        begun = min(one.times_ns.values(), default=one.moved_ns)
        ended = one.times_ns.get(one.state.value, one.moved_ns) if one.is_terminal else t_ns
        if begun <= t_ns <= ended:
            targets.add(one.request.target_id)
    return frozenset(targets)


def _aim(city: OffscreenCity, xyz: np.ndarray) -> None:
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    middle = (low + high) / 2
    reach = max(hypot(*(high - low)[:2]) * 1.6, _LEAST_M)
    focal = (float(middle[0]), float(middle[1]), float(low[2]))
    city.scene.camera.fly_to(
        focal, reach, azimuth_rad=_AZIMUTH_RAD, elevation_rad=_ELEVATION_RAD, animated=False
    )


def _number(
    image: Image.Image,
    city: OffscreenCity,
    located: Sequence[tuple[Place, tuple[float, float, float]]],
) -> None:
    """Numbered signs above the places, with a line down to each."""
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=20)
    taken: list[tuple[float, float]] = []
    signs = []
    for place, xyz in located:
        at = _pixel(city, xyz)
        if at is None:
            continue
        x, y = free_spot(at[0], at[1] - _UP_PX, taken, 2 * _SIGN_PX + 2)
        taken.append((x, y))
        colour = priority_colour(place.priority) if place.priority else INK
        if place.thing_id.startswith("incident:"):
            colour = ACCENT
        draw.line((at, (x, y)), fill="#FFFFFF", width=5)
        draw.line((at, (x, y)), fill=colour, width=3)
        signs.append((x, y, colour, str(place.number)))
    for x, y, colour, number in signs:
        box = (x - _SIGN_PX, y - _SIGN_PX, x + _SIGN_PX, y + _SIGN_PX)
        draw.ellipse(box, fill=colour, outline="#FFFFFF", width=3)
        draw.text((x, y), number, fill="#FFFFFF", font=font, anchor="mm")


def _pixel(city: OffscreenCity, xyz: tuple[float, float, float]) -> tuple[float, float] | None:
    """Where a place is in the picture, from its top left; None outside of it."""
    renderer = city.target.renderer
    renderer.SetWorldPoint(*xyz, 1.0)
    renderer.WorldToDisplay()
    x, y, depth = renderer.GetDisplayPoint()
    y = SIZE_PX[1] - y
    is_inside = 0 <= x <= SIZE_PX[0] and 0 <= y <= SIZE_PX[1] and 0 < depth < 1
    return (x, y) if is_inside else None
