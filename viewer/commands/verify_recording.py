"""``civitwin verify-recording``: is a recording as it was written, and sealed by whom?"""

from __future__ import annotations

from twin.recording import verify
from viewer.subcommand import Subcommand

SUBCOMMAND = Subcommand(
    id="verify-recording",
    help="Check that a recording is as it was written, and its seal.",
    epilog=(
        "Examples:\n"
        "  civitwin verify-recording flood.mcap --public-key 3b6a27…\n"
        "Exit status: 0 = as written, 1 = not, 2 = cannot be read.\n"
        "The same check without Civitwin: scripts/verify_recording.py."
    ),
    add_arguments=verify.add_arguments,
    run=verify.run,
)
