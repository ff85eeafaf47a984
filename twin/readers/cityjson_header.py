"""What the head of a CityJSON file says: version, CRS, transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.arrays import Float64Array
from twin.city.gathering import is_point
from twin.city.tally import Tally
from twin.readers.cityjson_schema import Model

KNOWN_VERSIONS = ("1.0", "1.1", "2.0")


def version_of(header: Model, tally: Tally) -> str:
    """Version as "2.0", "" for none. Old and unknown versions are counted."""
    version = header.version
    if type(version) in (int, float):
        version = f"{version:.1f}"
    if not isinstance(version, str) or not version.strip():
        tally.add("no-version", "The file names no CityJSON version")
        return ""
    version = version.strip()
    if version.startswith("0"):
        tally.add("old-version", f"CityJSON {version} is older than 1.0; read as far as it agrees")
    elif not version.startswith(KNOWN_VERSIONS):
        tally.add("unknown-version", f"CityJSON {version} is unknown; read like 2.0")
    return version


def crs_text_of(metadata: Any) -> str:
    """The CRS in any spelling of any version, "" for none."""
    if not isinstance(metadata, dict):
        return ""
    named = metadata.get("referenceSystem")
    if named is None:
        old = metadata.get("crs")
        named = old.get("epsg", old.get("name")) if isinstance(old, dict) else old
    if type(named) is int:
        return f"EPSG:{named}"
    if isinstance(named, str):
        return f"EPSG:{named.strip()}" if named.strip().isdigit() else named.strip()
    return ""


def transform_of(
    header: Model, version: str, tally: Tally
) -> tuple[Float64Array, Float64Array] | None:
    """Scale (3,) and translation (3,); None where the file's transform is malformed."""
    transform = header.transform
    if transform is None:
        if version.startswith(("1.1", "2")):
            tally.add(
                "no-transform", "The file has no transform; its numbers are taken as they are"
            )
        return np.ones(3), np.zeros(3)
    if not isinstance(transform, dict):
        return None
    scale, translate = transform.get("scale"), transform.get("translate")
    if not (is_point(scale) and is_point(translate)):
        return None
    return np.array(scale, dtype=np.float64), np.array(translate, dtype=np.float64)
