"""Single JSON messages that wait together are joined into one list a source.

A message costs a subscriber more than its content does: 50,000 single observations a second come to
a console as a few hundred lists. A message on its own goes on at once; where they come thick, a
list goes on every hundredth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin.link.wire import Buffer

#: Of one list.
MAX_ENTRIES = 500
MAX_BYTES = 256 * 1024


class Joiner:
    """JSON objects by topic, in the order in which they came. One thread.

    Attributes
    ----------
    n : objects that wait
    """

    def __init__(self) -> None:
        self._texts: dict[bytes, list[bytes]] = {}
        self.n = 0
        self._n_bytes = 0

    def add(self, topic: bytes, text: bytes) -> bool:
        """Take one object in; True when it is time to flush.

        Parameters
        ----------
        text : one JSON object that was read without fault
        """
        self._texts.setdefault(topic, []).append(text)
        self.n += 1
        self._n_bytes += len(text)
        return self.n >= MAX_ENTRIES or self._n_bytes >= MAX_BYTES

    def flush(self) -> Iterator[list[bytes]]:
        """The messages to pass on; a lone one is passed on as it came."""
        if not self._texts:
            return
        texts, self._texts = self._texts, {}
        self.n = self._n_bytes = 0
        for topic, of_topic in texts.items():
            if len(of_topic) == 1:
                yield [topic, of_topic[0]]
            else:
                yield [topic, b"[" + b",".join(of_topic) + b"]"]


def is_json_object(topic: bytes, text: Buffer) -> bool:
    """Whether a message of the JSON lane looks like a single object."""
    return topic.startswith(b"v1/j/") and bytes(text[:64]).lstrip()[:1] == b"{"
