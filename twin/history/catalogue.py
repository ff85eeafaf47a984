"""What a history's datastreams are: things and datastreams as announced, beside the tables.

One file, ``catalogue.json``. A history of an older program has none; then a datastream's thing and
property are read off its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from twin.history.files import HistoryError, put_in_place
from twin.sense.model import Datastream, Thing

NAME = "catalogue.json"


class KeptCatalogue(msgspec.Struct, kw_only=True):
    """Things and datastreams by id, the newest word on each."""

    things: dict[str, Thing] = {}
    datastreams: dict[str, Datastream] = {}


def read_catalogue(folder: Path) -> KeptCatalogue:
    """Read it; an empty one where there is none. Raises `HistoryError` where it is damaged."""
    path = folder / NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeptCatalogue)
    except FileNotFoundError:
        return KeptCatalogue()
    except (OSError, msgspec.MsgspecError) as error:
        raise HistoryError(
            f"The catalogue of the history cannot be read ({error}): {path}"
        ) from error


def write_catalogue(folder: Path, kept: KeptCatalogue) -> None:
    """Write it in one go. Raises `HistoryError`, `OSError`."""
    beside = folder / f"{NAME}.part"
    beside.write_bytes(msgspec.json.encode(kept))
    put_in_place(beside, folder / NAME)


def from_ids(
    ids: Iterable[str], kept: KeptCatalogue
) -> tuple[list[Datastream], Mapping[str, Thing]]:
    """Datastreams of these ids and their things, as known; else as their ids say."""
    streams: list[Datastream] = []
    things = dict(kept.things)
    for index, one in enumerate(ids):
        thing_id, _, observed = one.rpartition("/")
        stream = kept.datastreams.get(one) or Datastream(
            index=index, id=one, thing_id=thing_id or one, observed_property=observed
        )
        streams.append(stream)
        if stream.thing_id not in things:
            name = stream.thing_id
            things[name] = Thing(id=name, name=name, kind="", frame="none")
    return streams, things
