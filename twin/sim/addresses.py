"""Addresses as seen from here."""

from __future__ import annotations

_EVERYWHERE = ("0.0.0.0", "*", "[::]")  # noqa: S104 - compared, never bound


def reachable(endpoint: str, *, seen_from: str) -> str:
    """An address a hub gives for itself, with "everywhere" replaced by the host it was found at.

    Parameters
    ----------
    endpoint : e.g. ``tcp://0.0.0.0:5712``
    seen_from : the endpoint the hub was reached at, e.g. ``tcp://10.0.0.7:5710``
    """
    scheme, _, rest = endpoint.partition("://")
    host, _, port = rest.rpartition(":")
    if scheme != "tcp" or host not in _EVERYWHERE or not seen_from.startswith("tcp://"):
        return endpoint
    return f"tcp://{seen_from.removeprefix('tcp://').rpartition(':')[0]}:{port}"
