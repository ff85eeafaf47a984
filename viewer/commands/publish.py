"""``civitwin publish``: one observation by hand, or lines of JSON from a pipe."""

from __future__ import annotations

import argparse
import math
import signal
import sys
import threading
from collections.abc import Iterable
from typing import Any

import msgspec

from twin.clock import SystemClock
from twin.errors import WireError
from twin.feed.sender import NobodyListensError, SampleSender
from twin.link.wire import topic_of
from twin.link.wire_json import decode_json_lane
from viewer.commands.feed import add_destination, samples_in_of
from viewer.key_arguments import configure_of, security_of
from viewer.subcommand import Subcommand

_EPILOG = """examples:
  civitwin publish --datastream river-gauge-1/water_level --value 1.84 --unit m \\
      --location 4.30 52.08 --name "Harbour gauge"
  civitwin publish --datastream river-gauge-1/water_level --value 1.84 --repeat 2
  my-sensor-program | civitwin publish --stdin
     one JSON object a line: {"datastream": "river-gauge-1/water_level", "result": 1.84}
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--datastream", metavar="THING/PROPERTY", help="what was observed")
    what.add_argument("--stdin", action="store_true", help="read lines of JSON instead")
    parser.add_argument("--value", type=float, help="the observation")
    parser.add_argument("--unit", default="", help="unit of the value, e.g. m")
    parser.add_argument("--name", default="", help="name of the thing for people")
    parser.add_argument(
        "--quality",
        choices=("good", "suspect", "bad"),
        default="good",
        help="how far to believe it (default good)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--location",
        type=float,
        nargs=2,
        metavar=("LON", "LAT"),
        help="position in degrees (WGS 84)",
    )
    where.add_argument(
        "--local",
        type=float,
        nargs=3,
        metavar=("X", "Y", "Z"),
        help="position in metres of the city's local frame",
    )
    parser.add_argument(
        "--repeat",
        type=float,
        default=0.0,
        metavar="HZ",
        help="send it again and again, so often a second, until interrupted",
    )
    parser.add_argument("--source", default="publish", help="name of the source")
    add_destination(parser)


def _run(arguments: argparse.Namespace) -> int:
    endpoint, clock = samples_in_of(arguments), SystemClock()
    topic = topic_of("j", arguments.source)
    if arguments.datastream:
        text = _observation_text(arguments)
        _check(arguments.source, text)
    configure = configure_of(security_of(arguments))
    with SampleSender(
        endpoint=endpoint, source=arguments.source, clock=clock, configure=configure
    ) as sender:
        sender.connect()
        if arguments.stdin:
            return _send_lines(sender, topic, arguments.source, sys.stdin.buffer)
        return _send_value(sender, topic, text, arguments.repeat)


def _observation_text(arguments: argparse.Namespace) -> bytes:
    if arguments.value is None or not math.isfinite(arguments.value):
        raise WireError("Say the observation with --value NUMBER")
    entry: dict[str, Any] = {"datastream": arguments.datastream, "result": arguments.value}
    for key in ("unit", "name", "location", "local", "quality"):
        if getattr(arguments, key):
            entry[key] = getattr(arguments, key)
    return msgspec.json.encode(entry)


def _check(source: str, text: bytes) -> None:
    """Refuse here what every console would refuse."""
    batch = decode_json_lane(source, text)
    if batch.errors:
        raise WireError(batch.errors[0])


def _send_value(sender: SampleSender, topic: bytes, text: bytes, repeat_hz: float) -> int:
    _send(sender, [topic, text])
    if repeat_hz <= 0.0:
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(1.0 / repeat_hz):
        _send(sender, [topic, text])
    return 0


def _send_lines(sender: SampleSender, topic: bytes, source: str, lines: Iterable[bytes]) -> int:
    n_sent, n_bad = 0, 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _check(source, line)
        except WireError as error:
            n_bad += 1
            print(f"civitwin: line {number}: {error}", file=sys.stderr)
            continue
        _send(sender, [topic, line])
        n_sent += 1
    print(f"Sent {n_sent:,} lines, left out {n_bad:,}")
    return 1 if n_bad else 0


def _send(sender: SampleSender, frames: list[bytes]) -> None:
    if not sender.send(frames):
        raise NobodyListensError("The hub stopped taking samples; start it again and repeat this")


SUBCOMMAND = Subcommand(
    id="publish",
    help="Publish one observation, or lines of JSON from a pipe",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
