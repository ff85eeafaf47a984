"""The command line ``civitwin``: one subcommand a file in `viewer.commands`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from twin.errors import TwinError
from viewer.processes import end_with_stdin
from viewer.subcommand import subcommand_registry

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    """Parser with every registered subcommand."""
    parser = argparse.ArgumentParser(
        prog="civitwin",
        description="A 3D city twin and control console.",
        epilog="Try: civitwin demo   or: civitwin open FILE   or: civitwin COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"civitwin {version('civitwin')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for record in subcommand_registry():
        sub = commands.add_parser(
            record.id,
            help=record.help,
            description=record.help,
            epilog=record.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        record.add_arguments(sub)
        sub.set_defaults(run=record.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; every error a person can cause is one sentence on stderr."""
    end_with_stdin()
    arguments = build_parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except TwinError as error:
        print(f"civitwin: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, e.g. `| head`
        sys.stderr.close()
        return EXIT_ERROR
    return status


if __name__ == "__main__":
    sys.exit(main())
