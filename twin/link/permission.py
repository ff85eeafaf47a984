"""What a console may ask its hub about its own person's rights. Plain records of the wire.

The answers are those of the code that decides about the requests (`twin.hub.permissions`), so a
console knows before a button is pressed what the hub would say.
"""

from __future__ import annotations

import msgspec

#: So many questions fit into one message, and an action or what it is about may be so long.
MAX_QUESTIONS = 32
MAX_LETTERS = 512


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """May I do this to that?

    Attributes
    ----------
    action : id of a command type, kind of an act, or "command.cancel", "note.add"
    about : what it would be done to: id of an asset, a command, a batch, a review …; "" = nothing
    """

    action: str
    about: str = ""


class Permission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the hub would say now.

    Attributes
    ----------
    text : why or why not, one sentence, as the refusal would say it
    rule : id of the policy's rule, "" = none decided it
    waits : of a command that may be given: what it then waits for, e.g. approvals; "" = nothing
    """

    allowed: bool
    text: str = ""
    rule: str = ""
    waits: str = ""
