"""Gets the files of a tileset: what a URI means, size limits, gzip; the folder as a source."""

from __future__ import annotations

import base64
import binascii
import posixpath
import zlib
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from twin.errors import ReadError

READER_ID = "3dtiles"
#: Most bytes of a tileset or subtree, unpacked.
MAX_JSON_BYTES = 128 << 20
#: Most bytes of one content or buffer, unpacked.
MAX_CONTENT_BYTES = 256 << 20

_GZIP = b"\x1f\x8b"


class Resources(Protocol):
    """Where the files of a tileset lie. All methods from any thread, several at once."""

    @property
    def start(self) -> str:
        """Key of the root tileset."""
        ...

    def resolve(self, base: str, uri: str) -> str:
        """Key of what ``uri`` means in the file ``base``; `ReadError` when that is refused."""
        ...

    def read(self, key: str, limit: int) -> bytes:
        """Bytes of a file, gunzipped; `ReadError` when absent or larger than ``limit``."""
        ...

    def exists(self, key: str) -> bool | None:
        """Whether a file is there; None when only reading it would tell."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class FolderResources:
    """A tileset in a folder; nothing outside that folder is read."""

    def __init__(self, tileset_json: Path) -> None:
        self._root = tileset_json.parent.resolve()
        self.start = tileset_json.name

    def resolve(self, base: str, uri: str) -> str:
        """See `Resources.resolve`."""
        return inner_key(base, uri)

    def read(self, key: str, limit: int) -> bytes:
        """See `Resources.read`."""
        path = self._path(key)
        try:
            if path.stat().st_size > limit:
                raise too_large(key, limit)
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise absent(key) from error
        except OSError as error:
            raise refused(f"The file cannot be read ({error.strerror})", key) from error
        return gunzipped(content, limit, key)

    def exists(self, key: str) -> bool | None:
        """See `Resources.exists`."""
        try:
            return self._path(key).is_file()
        except (ReadError, OSError):
            return False

    def close(self) -> None:
        """Nothing is held open."""

    def _path(self, key: str) -> Path:
        try:
            path = (self._root / key).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise absent(key) from error
        if not path.is_relative_to(self._root):
            raise climbing(key)
        return path


def refused(sentence: str, where: str) -> ReadError:
    """A `ReadError` about one file or URI of a tileset; over-long names are shortened."""
    return ReadError(
        sentence, path=where if len(where) <= 200 else where[:197] + "…", reader_id=READER_ID
    )


def absent(key: str) -> ReadError:
    """The sentence for a file that is not there."""
    return refused("The tileset refers to a file that is not there", key)


def climbing(uri: str) -> ReadError:
    """The sentence for a path that leaves its folder."""
    return refused("The tileset refers to a file outside its own folder, which is refused", uri)


def too_large(key: str, limit: int) -> ReadError:
    """The sentence for a file over the limit."""
    return refused(f"The file unpacks to more than {limit >> 20} MiB, which is refused", key)


def inner_key(base: str, uri: str) -> str:
    """Path of ``uri`` inside the folder or package that ``base`` lies in.

    Raises
    ------
    ReadError
        It is a URL, absolute, or leaves the folder.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise climbing(uri) from error
    if parts.scheme in ("http", "https"):
        raise refused(
            "A tileset on disk refers to a server, which is not asked; open the server's own "
            "tileset instead",
            uri,
        )
    path = unquote(parts.path).replace("\\", "/")
    if parts.scheme or parts.netloc or path.startswith("/") or "\0" in path or not path:
        raise climbing(uri)
    key = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
    if key == ".." or key.startswith("../"):
        raise climbing(uri)
    return key


def gunzipped(content: bytes, limit: int, key: str) -> bytes:
    """The bytes themselves, or what they unpack to when they are gzip."""
    if content[:2] != _GZIP:
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, limit + 1)
    except zlib.error as error:
        raise refused("The gzip file is broken", key) from error
    if len(unpacked) > limit:
        raise too_large(key, limit)
    if not unpacker.eof:
        raise refused("The gzip file is cut short", key)
    return unpacked


def read_uri(resources: Resources, base: str, uri: object, limit: int = MAX_CONTENT_BYTES) -> bytes:
    """Bytes of a URI in the file ``base``: a file beside it, or a ``data:`` URI."""
    if not isinstance(uri, str) or not uri:
        raise refused("The tileset gives a URI that is no text", base)
    if uri.startswith("data:"):
        return gunzipped(_data_uri(uri, base), limit, base)
    return resources.read(resources.resolve(base, uri), limit)


def _data_uri(uri: str, base: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise refused("The file holds a data URI without data", base)
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote(body), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused("The file holds a data URI that is not base64", base) from error
