"""Keys and rules of one hub: opened at its start, followed while it runs.

A hub without keys (`HubOptions.keys` None) believes every hello and has the open policy; it listens
on this machine only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import zmq

from twin.clock import NS_PER_S, SystemClock
from twin.errors import TwinError
from twin.hub.door import Door, Leave
from twin.hub.options import HubOptions
from twin.hub.requests import PolicyChanged, RefusedOutside, Request, RulesUnreadable
from twin.hub.rule_files import RuleFile
from twin.journal.base import Signer
from twin.link.control import HubAddresses, HubInfo
from twin.security.hub_security import HubSecurity
from twin.security.peers import Peers, received
from twin.security.policy import Policy
from twin.security.policy_file import load_policy, ready_policy
from twin.security.self_test import require_shut

_STRANGERS_EVERY_S = 10.0
_BURST = 500


@dataclass(slots=True)
class News:
    """What changed: sessions that end, and what the core has to know."""

    leaves: list[Leave] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


class Admission:
    """Who may come in and what they may do. One thread.

    Attributes
    ----------
    security : None = no keys
    drill : whether nothing this hub commands is real
    """

    def __init__(self, options: HubOptions) -> None:
        self.security = HubSecurity.of_folder(options.keys) if options.keys else None
        self._policy: RuleFile[Policy] | None = None
        self._open_policy = Policy.open()
        self.drill = options.drill
        self._strangers_told = 0
        self._strangers_ns = 0
        if options.policy and self.security is None:
            raise TwinError(
                "A policy needs keys, else the hub cannot know who somebody is: say --keys, or"
                " leave --policy out"
            )
        if self.security is not None:
            self._policy = RuleFile(options.policy or ready_policy(), load_policy)
            is_drill = self.security.keys.public.drill
            if options.drill and not is_drill:
                raise TwinError(
                    "These are the keys of a live hub; a drill has keys of its own (civitwin keys"
                    " init --drill)"
                )
            self.drill = is_drill

    @property
    def policy(self) -> Policy:
        """In force now."""
        return self._policy.value if self._policy else self._open_policy

    @property
    def peers(self) -> Peers | None:
        """Open connections by key, None without keys."""
        return self.security.peers if self.security else None

    @property
    def signer(self) -> Signer | None:
        """Who signs the checkpoints of the journal."""
        return self.security.keys if self.security else None

    @property
    def trouble(self) -> str:
        """What every operator should know about keys and rules, "" = all is well."""
        of_keys = self.security.trouble if self.security else ""
        return of_keys or _trouble_of(self._policy)

    def start(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Begin to check handshakes; before the sockets are bound."""
        if self.security is not None:
            self.security.start(context)

    def stop(self) -> None:
        """Stop checking handshakes; after the sockets are closed."""
        if self.security is not None:
            self.security.stop()

    def require_shut(self, addresses: HubAddresses) -> None:
        """Prove that strangers are refused on every socket, raises `OpenDoorError`."""
        if self.security is not None:
            require_shut(msgspec.structs.asdict(addresses), self.security.keys.curve_public)
            self._strangers_told = self.security.n_refused  # those were ours

    def door(self, info: HubInfo) -> Door:
        """The door of the control socket."""
        return Door(security=self.security, epoch=info.epoch, drill=self.drill)

    def note_subscribers(self, events: zmq.Socket[bytes]) -> None:
        """Read who subscribes to events, so that they can be cut off."""
        try:
            for _ in range(_BURST):
                received(events, self.peers)
        except zmq.Again:
            return

    def poll(self, door: Door) -> News:
        """Look at the files again; call it at least once a second."""
        news = News()
        if self.security is None or self._policy is None:
            return news
        changed = self.security.poll()
        if changed is not None:
            leaves, again = door.review(changed)
            news.leaves += leaves
            news.requests += again
        if self._policy.has_changed():
            news.requests.append(_told(self._policy))
        self._tell_strangers(self.security, news)
        return news

    def _tell_strangers(self, security: HubSecurity, news: News) -> None:
        """One line of audit for refused handshakes of some seconds: a flood cannot fill it."""
        now_ns = SystemClock().monotonic_ns()
        n_new = security.n_refused - self._strangers_told
        if n_new > 0 and now_ns - self._strangers_ns >= _STRANGERS_EVERY_S * NS_PER_S:
            self._strangers_told, self._strangers_ns = security.n_refused, now_ns
            why = f"{n_new} connections with keys that may not be there"
            news.requests.append(RefusedOutside("stranger", "connect", why))


def _told(file: RuleFile[Policy]) -> Request:
    """What the core hears of a policy's file that has changed."""
    trouble = _trouble_of(file)
    return RulesUnreadable(trouble) if trouble else PolicyChanged(policy=file.value)


def _trouble_of(file: RuleFile[Policy] | None) -> str:
    if file is None or not file.trouble:
        return ""
    return f"The new policy is not in force: {file.trouble}"
