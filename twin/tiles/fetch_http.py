"""Gets the files of a tileset from a server: few kept connections, bounded in time and size."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
import zlib
from http import HTTPStatus
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from twin.errors import SourceUnreachableError
from twin.tiles.fetch import absent, gunzipped, refused, too_large

#: Connections at once over all threads; more would be impolite to a public server.
MAX_CONNECTIONS = 6
#: A connection or a piece of an answer must come within this.
TIMEOUT_S = 10.0
#: A whole answer must come within this.
DEADLINE_S = 60.0
MAX_REDIRECTS = 5

_PIECE_BYTES = 1 << 16
_USER_AGENT = "Civitwin"
_MOVED = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429)
_HEADERS = {"User-Agent": _USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}


class HttpResources:
    """A tileset behind a URL. A failing server raises; the caller tries again later.

    Attributes
    ----------
    start : URL of the root tileset
    """

    def __init__(
        self, url: str, *, timeout_s: float = TIMEOUT_S, deadline_s: float = DEADLINE_S
    ) -> None:
        self.start = url
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._is_closed = False
        self._tls = ssl.create_default_context() if url.startswith("https:") else None

    def resolve(self, base: str, uri: str) -> str:
        """URL of ``uri`` in the file ``base``; the base's own query (keys, sessions) is kept."""
        try:
            found = urlsplit(urljoin(base, uri.replace("\\", "/")))
            origin = urlsplit(base)
        except ValueError as error:
            raise refused("The tileset gives a URI that cannot be read", uri) from error
        if found.scheme not in ("http", "https") or not found.hostname:
            raise refused("The tileset refers to something that is not on a server", uri)
        if origin.scheme == "https" and found.scheme != "https":
            raise refused("A tileset behind https refers to an open connection", uri)
        if found.netloc != origin.netloc or not origin.query:
            return urlunsplit(found._replace(fragment=""))
        query = dict(parse_qsl(origin.query)) | dict(parse_qsl(found.query))
        return urlunsplit(found._replace(query=urlencode(query), fragment=""))

    def read(self, key: str, limit: int) -> bytes:
        """See `Resources.read`; `SourceUnreachableError` when trying again may help."""
        deadline = time.monotonic() + self._deadline_s
        url = key
        with self._slots:
            for _ in range(MAX_REDIRECTS + 1):
                content, moved_to = self._ask(url, limit, deadline)
                if not moved_to:
                    return gunzipped(content, limit, without_query(key))
                url = self.resolve(url, moved_to)
        raise refused(
            "The server sends in circles from one address to the next", without_query(key)
        )

    def exists(self, key: str) -> bool | None:  # noqa: ARG002  # part of the protocol
        """None: only reading tells."""
        return None

    def close(self) -> None:
        """Close the connections that rest; those in use close when their answer is there."""
        with self._lock:
            self._is_closed = True
            idle = [connection for group in self._idle.values() for connection in group]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _ask(self, url: str, limit: int, deadline: float) -> tuple[bytes, str]:
        """Content of a URL, or where it moved to."""
        parts = urlsplit(url)
        shown = without_query(url)
        for is_fresh in (False, True):
            connection, was_idle = self._connection(parts, is_fresh)
            try:
                return self._exchange(connection, parts, limit, deadline)
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError) as error:
                connection.close()
                if was_idle:  # it slept too long and the server hung up: ask on a new one
                    continue
                raise SourceUnreachableError(f"The server hung up: {shown}") from error
            except TimeoutError as error:
                connection.close()
                raise SourceUnreachableError(
                    f"The server does not answer in time: {shown}"
                ) from error
            except (OSError, http.client.HTTPException, zlib.error, ValueError) as error:
                connection.close()
                reason = " ".join(str(error).split())[:100] or type(error).__name__
                raise SourceUnreachableError(
                    f"The server cannot be asked ({reason}): {shown}"
                ) from error
            except BaseException:
                connection.close()
                raise
        raise SourceUnreachableError(f"The server hung up: {shown}")

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        parts: SplitResult,
        limit: int,
        deadline: float,
    ) -> tuple[bytes, str]:
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("GET", target, headers=_HEADERS)
        answer = connection.getresponse()
        shown = without_query(urlunsplit(parts))
        if answer.status in _MOVED:
            moved_to = answer.getheader("Location", "")
            connection.close()
            if not moved_to:
                raise refused("The server says the file moved, but not where to", shown)
            return b"", moved_to
        if answer.status != HTTPStatus.OK:
            connection.close()
            raise _failure(answer.status, shown)
        announced = answer.length
        if announced is not None and announced > limit:
            raise too_large(shown, limit)
        content = _body(answer, limit, deadline, shown)
        answer.close()  # `read1` leaves it open after the last byte, and the connection in use
        self._rest(connection, parts)
        return content, ""

    def _connection(
        self, parts: SplitResult, is_fresh: bool
    ) -> tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it rested before."""
        with self._lock:
            if self._is_closed:
                raise SourceUnreachableError("The tileset was closed")
            idle = self._idle.get((parts.scheme, parts.netloc))
            if idle and not is_fresh:
                return idle.pop(), True
        host, port = parts.hostname or "", parts.port
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=self._timeout_s, context=self._tls
            ), False
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s), False

    def _rest(self, connection: http.client.HTTPConnection, parts: SplitResult) -> None:
        with self._lock:
            if not self._is_closed and connection.sock is not None:
                self._idle.setdefault((parts.scheme, parts.netloc), []).append(connection)
                return
        connection.close()


def without_query(url: str) -> str:
    """A URL for messages: keys and sessions in its query are nobody's business."""
    return url.partition("?")[0]


def _failure(status: int, shown: str) -> Exception:
    if status in (404, 410):
        return absent(shown)
    if status in (401, 403):
        return refused(f"The server does not allow reading this (status {status})", shown)
    if status >= 500 or status in _LATER:
        return SourceUnreachableError(f"The server fails just now (status {status}): {shown}")
    return refused(f"The server refuses the file (status {status})", shown)


def _body(answer: http.client.HTTPResponse, limit: int, deadline: float, shown: str) -> bytes:
    """The whole answer, unpacked when the server packed it."""
    pieces: list[bytes] = []
    n_bytes = 0
    while piece := answer.read1(_PIECE_BYTES):
        pieces.append(piece)
        n_bytes += len(piece)
        if n_bytes > limit:
            raise too_large(shown, limit)
        if time.monotonic() > deadline:
            raise TimeoutError
    if answer.length:
        raise SourceUnreachableError(f"The server's answer is cut short: {shown}")
    content = b"".join(pieces)
    if answer.getheader("Content-Encoding", "").lower() in ("gzip", "x-gzip"):
        content = gunzipped(content, limit, shown)
    return content
