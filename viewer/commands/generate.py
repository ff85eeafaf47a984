"""``civitwin generate``: an invented city's buildings as a CityJSONSeq file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from viewer.subcommand import Subcommand


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``generate``."""
    parser.add_argument("buildings", type=int, metavar="N", help="how many buildings")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE",
                        help="file to write, e.g. town.city.jsonl")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="another number, another city")


def run(arguments: argparse.Namespace) -> int:
    """Make the city up and write its buildings."""
    from twin.errors import TwinError
    from twin.generate.city import generate_city
    from twin.importing.seq_file import write_city_json_seq
    from viewer.step_progress import StepProgress

    line = StepProgress(sys.stderr)
    city = generate_city(
        arguments.buildings, arguments.seed, lambda part: line.told(0.3 * part, "Generating")
    )
    part = arguments.output.with_name(arguments.output.name + ".part")
    try:
        n_written = write_city_json_seq(
            city, part, lambda share: line.told(0.3 + 0.7 * share, "Writing")
        )
        part.replace(arguments.output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TwinError(
            f"The file cannot be written ({error.strerror}): {arguments.output}"
        ) from error
    finally:
        line.end()
    print(f"{n_written:,} buildings written to {arguments.output}")
    return 0


SUBCOMMAND = Subcommand(
    id="generate",
    help="Write an invented city's buildings as CityJSONSeq",
    epilog="""example:
  civitwin generate 100000 -o town.city.jsonl --seed 3""",
    add_arguments=add_arguments,
    run=run,
)
