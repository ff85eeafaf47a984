"""``civitwin film``: a flight over a city as MP4 or GIF, without a window."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import tau
from typing import TYPE_CHECKING

from viewer.picture_arguments import (
    LOADING_SHARE,
    PictureError,
    Tell,
    add_picture_arguments,
    check_output,
    load_city,
    moment_of,
    part_of,
    size_from_text,
    teller_of,
)
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from scenes.moment import Moment
    from scenes.pose import Pose
    from viewer.city_source import LoadedCity

MOST_PX = 4096
MOST_FRAMES = 100_000
#: Streamed tiles may take so long for one frame; what is late then is drawn coarser.
FRAME_SETTLE_S = 10.0
EPILOG = """examples:
  civitwin film city.city.json -o orbit.mp4 --seconds 12
  civitwin film CITY/ -o tour.mp4 --tour "Along the river" --size 1920x1080
  civitwin film --demo -o demo.gif --size 640x360 --fps 10 --seconds 6
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """City, film and flight."""
    add_picture_arguments(parser, output="film to write, .mp4 or .gif", size="1280x720")
    parser.add_argument("--fps", type=int, default=25, help="frames a second (default 25)")
    parser.add_argument("--tour", default="", metavar="NAME", help="a tour of the scene file")
    parser.add_argument(
        "--seconds",
        type=float,
        default=12.0,
        help="length of a flight around the city, where no tour is named (default 12)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Draw every frame and write the film."""
    size = size_from_text(arguments.size, MOST_PX)
    if not 1 <= arguments.fps <= 120:
        raise PictureError(f"A film has 1 to 120 frames a second, not {arguments.fps}")
    check_output(arguments.output, "film")
    moment = moment_of(arguments)
    tell = teller_of(arguments, "Filming")
    loaded = load_city(arguments, part_of(tell, 0.0, LOADING_SHARE))
    n_frames = _film(arguments, loaded, size, moment, part_of(tell, LOADING_SHARE, 1.0))
    print(f"{arguments.output}  {size[0]} x {size[1]}, {n_frames} frames")
    return 0


def _film(
    arguments: argparse.Namespace,
    loaded: LoadedCity,
    size: tuple[int, int],
    moment: Moment,
    tell: Tell,
) -> int:
    from scenes.movie import Movie
    from viewer.offscreen_city import OffscreenCity

    with OffscreenCity(loaded, window_px=size, moment=moment) as city:
        city.home(size)
        city.aim(moment.camera)
        poses = _poses(arguments, loaded, moment, city.scene.camera.pose)
        given = city.settle_selected(moment)
        with Movie(arguments.output, size, arguments.fps) as movie:
            for done, pose in enumerate(poses, start=1):
                city.scene.camera.set_pose(pose)
                city.settle(given, FRAME_SETTLE_S)
                city.target.render()
                movie.add(city.target.pixels())
                tell(done / len(poses))
            return movie.n_frames


def _poses(
    arguments: argparse.Namespace, loaded: LoadedCity, moment: Moment, home: Pose
) -> Sequence[Pose]:
    """Camera of each frame."""
    if moment.flight:
        return flight_of(moment)
    if arguments.tour:
        return _poses_of_tour(arguments.tour, loaded, arguments.fps)
    n_frames = round(arguments.seconds * arguments.fps)
    if not 1 <= n_frames <= MOST_FRAMES:
        raise PictureError(f"A film has 1 to {MOST_FRAMES} frames, not {n_frames}")
    return orbit(home, n_frames)


def orbit(home: Pose, n_frames: int) -> list[Pose]:
    """Once around the middle of a view."""
    from dataclasses import replace

    return [
        replace(home, azimuth_rad=home.azimuth_rad + tau * frame / n_frames)
        for frame in range(n_frames)
    ]


def flight_of(moment: Moment) -> list[Pose]:
    """The flight that was chosen with a moment."""
    from scenes.pose import Pose

    return [
        Pose(
            focal_m=(pose[0], pose[1], pose[2]),
            distance_m=pose[3],
            azimuth_rad=pose[4],
            elevation_rad=pose[5],
        )
        for pose in moment.flight[:MOST_FRAMES]
    ]


def _poses_of_tour(name: str, loaded: LoadedCity, fps: int) -> Sequence[Pose]:
    from twin.city.bookmarks import BookmarkBook

    book = BookmarkBook(loaded.scene_file)
    tour = next((one for one in book.tours if one.name == name), None)
    if tour is None:
        names = ", ".join(one.name for one in book.tours) or "none"
        raise PictureError(f"The scene has no tour {name!r}; there are: {names}")
    path, _bookmarks = book.path_of(tour)
    if path.duration_s * fps > MOST_FRAMES:
        raise PictureError(f"The tour {name!r} is too long for a film at {fps} frames a second")
    return path.frames(fps)


SUBCOMMAND = Subcommand(
    id="film",
    help="Film a flight over a city as MP4 or GIF, without opening a window",
    epilog=EPILOG,
    add_arguments=add_arguments,
    run=run,
)
