"""A part of a CityJSONSeq file: the features of some lines."""

from __future__ import annotations

from dataclasses import dataclass

from twin.city.asset import FeatureTable, TriangleSoup
from twin.city.frames import Origin
from twin.city.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SeqPart:
    """Features of some lines, in the local frame of ``origin``.

    Attributes
    ----------
    source_crs : CRS of the file, None when it names none
    tally : what was odd
    """

    features: FeatureTable
    soup: TriangleSoup
    origin: Origin
    source_crs: str | None
    tally: Tally
