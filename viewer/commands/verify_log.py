"""``civitwin verify-log``: is a journal as it was written?"""

from __future__ import annotations

import argparse

from twin.journal import verify
from viewer.subcommand import Subcommand


def _run(arguments: argparse.Namespace) -> int:
    from twin.journal.logs import log_of

    return verify.run(arguments, log_of)


SUBCOMMAND = Subcommand(
    id="verify-log",
    help="Check that a journal is as it was written; names the first row that is not.",
    epilog=(
        "Examples:\n"
        "  civitwin verify-log city.sqlite\n"
        "  civitwin verify-log city.sqlite --public-key 3b6a27…\n"
        "Exit status: 0 = as written, 1 = not, 2 = cannot be read.\n"
        "The same check without Civitwin: scripts/verify_log.py, a file that needs only Python."
    ),
    add_arguments=verify.add_arguments,
    run=_run,
)
