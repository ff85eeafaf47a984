"""``civitwin hub``: the one writer of a room."""

from __future__ import annotations

import argparse
from pathlib import Path

from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--journal",
        metavar="FILE",
        help="SQLite file of all facts, made if absent (or postgresql://… for a database)",
    )
    parser.add_argument("--bind", default="127.0.0.1", metavar="HOST", help="address to listen on")
    ports = parser.add_mutually_exclusive_group()
    ports.add_argument(
        "--base-port", type=int, default=5710, metavar="N", help="first of five ports (5710)"
    )
    ports.add_argument("--ephemeral", action="store_true", help="take any free ports")
    parser.add_argument(
        "--standby",
        action="store_true",
        help="wait for our turn while another hub writes the same database",
    )
    parser.add_argument("--scene", default="", metavar="NAME", help="name shown by consoles")
    parser.add_argument(
        "--interlocks", type=Path, metavar="FILE",
        help="rules between departments' commands (TOML, see civitwin interlocks), read again when"
        " the file changes",
    )  # fmt: skip
    parser.add_argument(
        "--keys", type=Path, metavar="DIR",
        help="keys of the hub and whom it knows (civitwin keys): encrypted, everybody known",
    )  # fmt: skip
    parser.add_argument(
        "--policy", type=Path, metavar="FILE",
        help="who may do what (civitwin policy), read again when it changes; default: the one that"
        " comes with the program",
    )  # fmt: skip
    parser.add_argument(
        "--insecure-loopback", action="store_true",
        help="without keys: believe everybody on this machine, for trying things out",
    )  # fmt: skip
    parser.add_argument("--drill", action="store_true", help="nothing it commands is real")
    parser.add_argument(
        "--samples",
        default="",
        metavar="ADDRESS",
        help="let a NATS carry the samples: nats://HOST:4222, or nats://A:4222,B:4222,C:4222/CITY",
    )


def _run(arguments: argparse.Namespace) -> int:
    from twin.errors import TwinError
    from twin.hub.addresses import default_addresses
    from twin.hub.options import HubOptions
    from twin.hub.running import run_hub
    from twin.interlocks.rule_file import load_interlocks
    from twin.journal.opening import is_database

    if not 0 < arguments.base_port <= 65_531:
        raise TwinError("--base-port must lie between 1 and 65531; the hub takes five ports")
    if arguments.keys is None and not arguments.insecure_loopback:
        raise TwinError(
            "A hub needs keys: make them with civitwin keys init and say --keys DIR, or say"
            " --insecure-loopback to believe everybody on this machine"
        )
    if arguments.keys is not None and arguments.insecure_loopback:
        raise TwinError("Say either --keys or --insecure-loopback")
    base_port = 0 if arguments.ephemeral else arguments.base_port
    options = HubOptions(
        journal=arguments.journal or default_journal(),
        addresses=default_addresses(arguments.bind, base_port),
        scene=arguments.scene,
        interlocks=arguments.interlocks,
        samples=arguments.samples,
        keys=arguments.keys,
        policy=arguments.policy,
        drill=arguments.drill,
    )
    if not arguments.standby:
        return run_hub(options)
    if not is_database(options.journal):
        raise TwinError("--standby needs a journal that hubs share: --journal postgresql://…")
    from twin.hub.admission import Admission
    from twin.hub.standby import run_in_turns

    Admission(options)  # a mistake in keys, policy or interlocks is told now, not at our turn
    if options.interlocks is not None:
        load_interlocks(options.interlocks)
    return run_in_turns(options)


def default_journal() -> Path:
    """Where the journal lies when nobody names one."""
    import platformdirs

    return platformdirs.user_data_path("civitwin", appauthor=False) / "journal.sqlite"


SUBCOMMAND = Subcommand(
    id="hub",
    help="Run the hub: it orders, stores and passes on everything that consoles share.",
    epilog=(
        "Examples:\n"
        "  civitwin hub --keys keys/ --policy city.toml\n"
        "  civitwin hub --insecure-loopback    # to try things out on one machine\n"
        '  civitwin hub --keys keys/ --journal city.sqlite --base-port 6000 --scene "The Hague"\n'
        "  civitwin hub --keys keys/ --standby --journal 'postgresql://city@db/twin?room=hague'\n"
        "  civitwin hub --keys keys/ --samples nats://10.0.0.5:4222\n"
        "  civitwin hub --keys keys/ --ephemeral    # prints its addresses as one JSON line"
    ),
    add_arguments=_add_arguments,
    run=_run,
)
