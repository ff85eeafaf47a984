"""CityJSON 1.0, 1.1 and 2.0 (and earlier, as far as it agrees)."""

from __future__ import annotations

from pathlib import Path

from twin.city.asset import CityAsset
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import json_bytes, reading
from twin.readers.cityjson_builder import CityJsonBuilder
from twin.readers.cityjson_schema import Decoder, Model

_ID = "cityjson"
_TYPES = ("CityJSON", "CityJSONFeature")


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read one CityJSON file. Any thread.

    Raises
    ------
    ReadError
        It is not CityJSON, or what it says cannot be drawn anywhere.
    """
    tally = Tally()
    with reading(path, _ID):
        model = Decoder(tally).decode(json_bytes(path.read_bytes()))
        progress(0.3)
        _check(model, path, tally)
        builder = CityJsonBuilder(
            path=path, reader_id=_ID, header=model, options=options, tally=tally
        )
        builder.add(model)
        del model  # the parsed text is many times the size of the arrays made from it
        progress(0.5)
        asset = builder.asset(progress)
    progress(1.0)
    return asset


def _check(model: Model, path: Path, tally: Tally) -> None:
    if not isinstance(model.city_objects, dict):
        raise ReadError("The file has no CityObjects, so it is no city", path=path, reader_id=_ID)
    if model.type is None:
        tally.add("no-type", "The file does not say that it is CityJSON; read as if it did")
    elif model.type not in _TYPES:
        raise ReadError(
            f"The file says it is {model.type!r:.60}, not CityJSON", path=path, reader_id=_ID
        )
    elif model.type == "CityJSONFeature":
        tally.add("no-header", "A lone CityJSONFeature has no transform and no CRS of its own")


def sniff(path: Path, head: bytes) -> bool:
    """Whether the file looks like one CityJSON object."""
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return path.name.lower().endswith(".city.json")
    named = (b'"CityJSON', b'"CityObjects"', b'"geometry-templates"')
    return path.name.lower().endswith(".city.json") or any(word in head for word in named)


READER = ReaderType(
    id=_ID,
    title="CityJSON",
    suffixes=(".city.json", ".json"),
    sniff=sniff,
    read=read,
    priority=20,
)
