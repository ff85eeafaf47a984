"""What a policy can be asked about: ids of command types, kinds of acts, and the older requests."""

from __future__ import annotations

CANCEL = "command.cancel"
NOTE = "note.add"


def known_actions() -> tuple[str, ...]:
    """Every action that this program knows, sorted."""
    from twin.commands.base import command_registry
    from twin.hub.core import HubCore
    from twin.hub.options import HubTimes
    from twin.link.control import HubAddresses, HubInfo

    nowhere = HubAddresses(control="", events="", samples_in="", samples_out="")
    info = HubInfo(epoch="", scene="", version="", seq=0, addresses=nowhere)
    types = command_registry()
    core = HubCore(info=info, types=types, times=HubTimes())
    return tuple(sorted({*(one.id for one in types), *core.act_kinds, CANCEL, NOTE}))
