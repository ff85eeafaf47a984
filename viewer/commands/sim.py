"""``civitwin sim``: a believable city behind the same public ports as real devices."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from twin.clock import NS_PER_S, SystemClock
from twin.errors import TwinError
from viewer.key_arguments import add_keys_argument, security_of
from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.city.asset import CityAsset
    from twin.sim.directing import Directions

_DEFAULT_BUILDINGS = 5_000
_MOST_SAMPLES_A_SECOND = 500_000
_EPILOG = """\
examples:
  civitwin sim
      the demo city in its evening peak, for a hub on this machine
  civitwin sim --city tile.city.json --hub tcp://10.0.0.7:5710
      sensors and vehicles on a real city, for a hub elsewhere
  civitwin sim --buildings 20000 --seed 3 --weather storm --speed 60
      another demo city, a day in 24 minutes, with heavy rain
  civitwin sim --rate 5 --datastreams 2400
      about 12,000 samples a second
  civitwin sim --mode drill --alerts alerts
      public alerts are exercises, written into the folder alerts

It prints one line of JSON when it runs and ends with Ctrl+C. Use the --city (or --buildings and
--seed) that the consoles show."""


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return value


def _at_least(low: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < low:
            raise argparse.ArgumentTypeError(f"must be at least {low}")
        return value

    return number


def _time_of_day(text: str) -> float:
    """Seconds since midnight of "HH:MM" or "now"."""
    if text == "now":
        local = datetime.fromtimestamp(SystemClock().now_ns() / NS_PER_S).astimezone()
        return local.hour * 3600.0 + local.minute * 60.0 + local.second
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        raise argparse.ArgumentTypeError("must be a time as 17:30, or now")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--city", type=Path, metavar="FILE", help="a city file or scene; else the demo city"
    )
    which.add_argument(
        "--buildings", type=_at_least(1), metavar="N", default=_DEFAULT_BUILDINGS,
        help="size of the demo city (default 5000)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed, another city (default 1)"
    )
    parser.add_argument("--lod", default="", help="level of detail, as the consoles take it")
    parser.add_argument("--crs", default="", help="CRS of a file that names none")
    parser.add_argument(
        "--hub", default="tcp://127.0.0.1:5710", metavar="ENDPOINT",
        help="the hub's control address (default tcp://127.0.0.1:5710)",
    )  # fmt: skip
    add_keys_argument(parser)
    parser.add_argument(
        "--datastreams", type=_at_least(100), default=2_400, metavar="N",
        help="datastreams of the eight observed properties (default 2400)",
    )  # fmt: skip
    parser.add_argument(
        "--units", type=_at_least(0), default=200, metavar="N", help="moving units (default 200)"
    )
    parser.add_argument(
        "--rate", type=_positive, default=1.0, metavar="R", help="times the usual samples a second"
    )
    parser.add_argument(
        "--speed", type=_positive, default=1.0, metavar="X",
        help="how fast the day and the weather run; vehicles and actuators keep real time",
    )  # fmt: skip
    parser.add_argument(
        "--time-of-day", type=_time_of_day, default=_time_of_day("17:30"), metavar="HH:MM",
        help="model time at the start, or now (default 17:30)",
    )  # fmt: skip
    parser.add_argument("--weather", choices=("clear", "rain", "storm"), default="rain")
    parser.add_argument(
        "--alerts", type=Path, metavar="FOLDER",
        help="where public alerts are published as CAP files; else they are kept in memory",
    )  # fmt: skip
    parser.add_argument(
        "--memory", type=Path, metavar="FILE",
        help="where it remembers which commands it has begun, so that none is carried out twice"
        " after a restart",
    )  # fmt: skip
    parser.add_argument(
        "--mode", choices=("live", "drill", "test"), default="live",
        help="what public alerts are: real, an exercise, a test (default live)",
    )  # fmt: skip
    parser.add_argument(
        "--sensor-faults", type=_share, default=0.04, metavar="SHARE",
        help="share of the datastreams whose sensors fail by chance, 0 to 1 (default 0.04)",
    )  # fmt: skip
    parser.add_argument(
        "--directed", action="store_true",
        help="live only as far as lines of JSON on the standard input say, and do what they say;"
        " for scenes (docs/scenes.md)",
    )  # fmt: skip


def _open(arguments: argparse.Namespace) -> CityAsset:
    if arguments.city is not None:
        from twin.city.compose import compose, scene_at

        return compose(scene_at([arguments.city], crs=arguments.crs, lod=arguments.lod)).asset
    from twin.generate.city import generate_city

    return generate_city(n_buildings=arguments.buildings, seed=arguments.seed)


def _directions() -> Directions:
    """Directions from the standard input, by a reader of their own: they outlive its closing."""
    from twin.sim.directing import Directions

    return Directions(open(0, "rb", closefd=False))


def _run(arguments: argparse.Namespace) -> int:
    if arguments.rate * arguments.datastreams > _MOST_SAMPLES_A_SECOND:
        raise TwinError(
            f"That would be over {_MOST_SAMPLES_A_SECOND:,} samples a second;"
            " lower --rate or --datastreams"
        )
    from twin.sim.main import SimOptions, run_simulator
    from twin.sim.world import WorldOptions

    world = WorldOptions(
        seed=arguments.seed,
        n_datastreams=arguments.datastreams,
        n_units=arguments.units,
        speed=arguments.speed,
        rate=arguments.rate,
        time_of_day_s=arguments.time_of_day,
        weather=arguments.weather,
        mode=arguments.mode,
        fault_share=arguments.sensor_faults,
    )
    return run_simulator(
        SimOptions(
            city=_open(arguments),
            hub=arguments.hub,
            world=world,
            alerts=arguments.alerts,
            memory=arguments.memory,
            security=security_of(arguments),
            directions=_directions() if arguments.directed else None,
        )
    )


SUBCOMMAND = Subcommand(
    id="sim",
    help="Simulate a living city: sensors, vehicles, and actuators that really act.",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
