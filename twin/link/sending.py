"""What a console asks is kept on disk, and sent until the hub has it.

Hard-won rules (each guarded in tests/twin/test_link_sending.py and test_mortal.py):

1. A request is on disk in the outbox before it is sent, and leaves it only when the hub has it in
   the journal or refuses it for good.
2. A hub that says welcome may be another one, or the same without what was on the way: everything
   is sent once more. Ids make a second copy harmless.
"""

from __future__ import annotations

from twin.clock import NS_PER_S, Clock
from twin.errors import TwinError
from twin.link.control import HubInfo
from twin.link.outbox import Kept, Outbox, key_of
from twin.link.signing import Signing

RESEND_S = 2.0
MOST_AT_ONCE = 200


class Sending:
    """Keeps, signs and repeats requests. One thread, but for `n_kept` and `trouble`; no sockets.

    Attributes
    ----------
    trouble : why requests could not be kept on disk, "" = they could
    """

    def __init__(self, outbox: Outbox, signing: Signing, clock: Clock) -> None:
        self.trouble = ""
        self._outbox = outbox
        self._signing = signing
        self._clock = clock
        self._sent_ns: dict[str, int] = {}

    @property
    def n_kept(self) -> int:
        """Requests that the hub has not yet answered. Any thread."""
        return len(self._outbox)

    def keep(self, message: Kept, info: HubInfo | None) -> None:
        """Somebody gave this now; `info`: the hub's welcome, if it was heard yet."""
        try:
            self._outbox.add(self._signing.given(message, info))
        except TwinError as error:
            self.trouble = str(error)

    def due(self, info: HubInfo) -> list[Kept]:
        """What to send now, oldest first: new, or for `RESEND_S` without an answer."""
        now_ns = self._clock.monotonic_ns()
        messages = []
        for message in self._outbox.messages()[:MOST_AT_ONCE]:
            key = key_of(message)
            if now_ns - self._sent_ns.get(key, 0) > RESEND_S * NS_PER_S:
                self._sent_ns[key] = now_ns
                messages.append(self._signing.sent(message, info))
        return messages

    def send_again(self) -> None:
        """The hub may not have got what was sent."""
        self._sent_ns.clear()

    def note_answer(self, key: str) -> None:
        """The hub has stored a request, or refused it for good."""
        self._outbox.remove(key)
        self._sent_ns.pop(key, None)
