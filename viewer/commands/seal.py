"""``civitwin seal``: a span of a recording, signed, for another party."""

from __future__ import annotations

import argparse
from pathlib import Path

from viewer.subcommand import Subcommand


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="recording")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--keys", type=Path, required=True, metavar="FOLDER", help="the hub's keys, to sign with"
    )
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for whoever reads it")
    parser.add_argument(
        "--from", dest="start", default="", metavar="TIME", help="+SECONDS from its beginning"
    )
    parser.add_argument(
        "--to", dest="end", default="", metavar="TIME", help="+SECONDS, or -SECONDS from its end"
    )


def _run(arguments: argparse.Namespace) -> int:

    from twin.clock import SystemClock
    from twin.recording.reading import Recording
    from twin.recording.sealing import seal
    from twin.security.keystore import KeyStore
    from viewer.commands.replay import moment

    key = KeyStore(arguments.keys).hub_keys()
    recording = Recording(arguments.file)
    try:
        end_ns = recording.end_ns
        n = seal(
            recording, arguments.out, key=key, reason=arguments.reason,
            now_ns=SystemClock().now_ns(),
            start_ns=moment(arguments.start, recording.start_ns, end_ns),
            end_ns=moment(arguments.end or "-0", recording.start_ns, end_ns),
        )  # fmt: skip
    finally:
        recording.close()
    print(f"{arguments.out}: {n:,} messages, sealed by {key.public_key.hex()}")
    return 0


SUBCOMMAND = Subcommand(
    id="seal",
    help="Cut a span out of a recording and sign it, for another party.",
    epilog=(
        "Examples:\n"
        '  civitwin seal monday.mcap -o flood.mcap --keys keys --reason "Inquiry 26-114"'
        " --from +3600 --to +7200\n"
        "Whoever gets it checks it with civitwin verify-recording, or with\n"
        "scripts/verify_recording.py, a file that needs only Python."
    ),
    add_arguments=_add_arguments,
    run=_run,
)
