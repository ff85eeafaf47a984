"""A message of the Common Alerting Protocol, version 1.2 (OASIS, 1 July 2010). Plain records.

Field names are those of the standard in lower case with underscores. Texts are kept as they are;
`twin.cap.rules` says what is wrong with a message.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.errors import TwinError

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
#: What `twin.cap.reading` takes as well: the version before differs in nothing that we use.
NAMESPACE_1_1 = "urn:oasis:names:tc:emergency:cap:1.1"

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
RESPONSES = (
    "Shelter",
    "Evacuate",
    "Prepare",
    "Execute",
    "Avoid",
    "Monitor",
    "Assess",
    "AllClear",
    "None",
)
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")


class CapError(TwinError):
    """A CAP message is not one; the text says what is wrong and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A named value of an authority's own list: event code, parameter, geocode."""

    value_name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A circle on the ground; degrees WGS 84, kilometres."""

    lat_deg: float
    lon_deg: float
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapArea:
    """Where an alert holds.

    Attributes
    ----------
    polygons : closed rings of (latitude, longitude) in degrees, WGS 84
    altitude, ceiling : feet above sea level as the standard has it, None = none
    """

    area_desc: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude: float | None = None
    ceiling: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A file that goes with an alert, by its address; embedded content is left out."""

    resource_desc: str
    mime_type: str
    size: int | None = None
    uri: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is told, in one language. "" = not given."""

    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    language: str = "en-US"
    response_types: tuple[str, ...] = ()
    audience: str = ""
    event_codes: tuple[Named, ...] = ()
    effective: str = ""
    onset: str = ""
    expires: str = ""
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[CapArea, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message. ``sent``, ``effective``, ``onset``, ``expires`` are texts like
    "2026-03-01T17:30:00+01:00".
    """

    identifier: str
    sender: str
    sent: str
    status: str
    msg_type: str
    scope: str
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[str, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> str:
        """How another message refers to this one: ``sender,identifier,sent``."""
        return f"{self.sender},{self.identifier},{self.sent}"
