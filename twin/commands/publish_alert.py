"""Publish a public alert (CAP 1.2); done when the gateway reports one more alert in force.

Whether it is a real alert or an exercise is not asked here: the gateway takes that from the mode
of the hub. The Cancel that ends the alert is made together with it (`twin.cap.prepared`), so its
text is part of what is reviewed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from twin.cap.model import CATEGORIES, CERTAINTIES, RESPONSES, SEVERITIES, URGENCIES
from twin.cap.rules import HEADLINE_LETTERS, text_problem
from twin.city.frames import MAX_LOCAL_M
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.params import FieldRejected
from twin.commands.preview import CityView, Prediction, Preview, PreviewArea, PreviewTarget
from twin.commands.previewing import people_note
from twin.commands.undo import Before, Undo

EVENT_LETTERS = 60
DESCRIPTION_LETTERS = 1200
INSTRUCTION_LETTERS = 600
MAX_CORNERS = 200
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_OUTLINE_LETTERS = 4000
#: Headings of the form's folded parts.
_CODES, _SECOND = "Codes, language, Cancel", "Second language"


def _metres(title: str, example: float) -> dict[str, Any]:
    return {
        "title": title,
        "help": f"Middle of the area, metres {title.lower()} of the city's origin",
        "unit": "m",
        "min": -MAX_LOCAL_M,
        "max": MAX_LOCAL_M,
        "example": example,
    }


def _text(help_text: str, most: int, editor: str = "", **more: str) -> dict[str, Any]:
    return {"help": help_text, "max_length": most, "editor": editor, **more}


def _code(help_text: str, choices: tuple[str, ...]) -> dict[str, Any]:
    return {"help": help_text, "choices": choices, "group": _CODES}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAlert:
    """What is said, to whom, and until when. Local metres; the gateway sends degrees.

    Raises
    ------
    FieldRejected
        A text holds letters that no alert can carry, the second language is half there, or the
        outline is no area.
    """

    event: str = field(metadata=_text("What it is, in a word or two: Flood", EVENT_LETTERS))
    headline: str = field(
        metadata=_text("One line that is enough on a small display", HEADLINE_LETTERS, "counted")
    )
    description: str = field(
        metadata=_text("What happens, where, and what it means", DESCRIPTION_LETTERS, "lines")
    )
    instruction: str = field(
        default="",
        metadata=_text("What people should do now", INSTRUCTION_LETTERS, "lines"),
    )
    x_m: float = field(metadata=_metres("East", 120.0))
    y_m: float = field(metadata=_metres("North", -80.0))
    place: str = field(default="", metadata=_text("How people call the area", 200))
    radius_m: float = field(
        default=1000.0,
        metadata={
            "title": "Radius",
            "help": "How far around the middle it holds",
            "unit": "m",
            "min": 50.0,
            "max": 100_000.0,
        },
    )
    outline: str = field(
        default="",
        metadata={
            "help": "A drawn area takes the place of the circle: x,y x,y … in metres",
            "max_length": _OUTLINE_LETTERS,
            "editor": "outline",
            "example": "0,0 400,0 400,300",
        },
    )
    expires_min: int = field(
        default=60,
        metadata={
            "title": "Ends after",
            "help": "It ends by itself unless it is cancelled",
            "unit": "min",
            "min": 5,
            "max": 2880,
        },
    )
    category: str = field(default="Safety", metadata=_code("Kind of danger (CAP)", CATEGORIES))
    response: str = field(
        default="Prepare", metadata=_code("What people should do (CAP)", RESPONSES)
    )
    urgency: str = field(default="Immediate", metadata=_code("How soon to act (CAP)", URGENCIES))
    severity: str = field(default="Severe", metadata=_code("How grave it is (CAP)", SEVERITIES))
    certainty: str = field(default="Observed", metadata=_code("How sure it is (CAP)", CERTAINTIES))
    language: str = field(
        default="en-GB",
        metadata=_text("Language of the texts, like en-GB", 35, group=_CODES, example="en-GB"),
    )
    cancel_text: str = field(
        default="The danger is over. This alert is cancelled.",
        metadata=_text(
            "What the Cancel will say; it is prepared with the alert",
            HEADLINE_LETTERS,
            "counted",
            group=_CODES,
        ),
    )
    language_2: str = field(
        default="",
        metadata=_text(
            "Code of another language, like fr-FR; empty for one language",
            35,
            title="Language",
            group=_SECOND,
            example="fr-FR",
        ),
    )
    event_2: str = field(
        default="", metadata=_text("The event in it", EVENT_LETTERS, title="Event", group=_SECOND)
    )
    headline_2: str = field(
        default="",
        metadata=_text(
            "The headline in it", HEADLINE_LETTERS, "counted", title="Headline", group=_SECOND
        ),
    )
    description_2: str = field(
        default="",
        metadata=_text(
            "The description in it",
            DESCRIPTION_LETTERS,
            "lines",
            title="Description",
            group=_SECOND,
        ),
    )
    instruction_2: str = field(
        default="",
        metadata=_text(
            "The instruction in it",
            INSTRUCTION_LETTERS,
            "lines",
            title="Instruction",
            group=_SECOND,
        ),
    )
    cancel_text_2: str = field(
        default="",
        metadata=_text(
            "What the Cancel will say in it",
            HEADLINE_LETTERS,
            "counted",
            title="Cancel text",
            group=_SECOND,
        ),
    )

    def __post_init__(self) -> None:
        """Check what the fields cannot check each for itself."""
        first = {
            "event": self.event,
            "headline": self.headline,
            "description": self.description,
            "instruction": self.instruction,
            "cancel_text": self.cancel_text,
        }
        second = {
            "event_2": self.event_2,
            "headline_2": self.headline_2,
            "description_2": self.description_2,
            "instruction_2": self.instruction_2,
            "cancel_text_2": self.cancel_text_2,
        }
        for name, text in {**first, **second, "place": self.place}.items():
            sentence = text_problem(text)
            if sentence:
                raise FieldRejected(name, sentence)
        _require_texts(first, "")
        if not _LANGUAGE.fullmatch(self.language):
            raise FieldRejected("language", "Language must be a code like en-GB or fr")
        if self.language_2:
            if not _LANGUAGE.fullmatch(self.language_2) or self.language_2 == self.language:
                sentence = "Language must be the code of another one, like fr-FR"
                raise FieldRejected("language_2", sentence)
            _require_texts(second, f" in {self.language_2}")
        elif any(text.strip() for text in second.values()):
            raise FieldRejected("language_2", "Say in which language the second texts are")
        outline_points(self.outline)


def _require_texts(texts: dict[str, str], where: str) -> None:
    for name, text in texts.items():
        if not text.strip() and not name.startswith("instruction"):
            called = name.removesuffix("_2").replace("_", " ")
            raise FieldRejected(name, f"The alert needs a text for its {called}{where}")


def outline_points(text: str) -> tuple[tuple[float, float], ...]:
    """Corners (x, y) of an outline in local metres, not closed; empty for an empty text.

    Raises
    ------
    FieldRejected
        It is no area.
    """
    points = []
    for pair in text.split():
        x, comma, y = pair.partition(",")
        try:
            point = (float(x), float(y)) if comma else (math.nan, math.nan)
        except ValueError:
            point = (math.nan, math.nan)
        if not all(math.isfinite(v) and abs(v) <= MAX_LOCAL_M for v in point):
            raise FieldRejected("outline", f"The outline has {pair[:40]!r} where x,y is expected")
        points.append(point)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    if points and not 3 <= len(points) <= MAX_CORNERS:
        raise FieldRejected("outline", f"An outline has 3 to {MAX_CORNERS} corners")
    return tuple(points)


def _effect(target_id: str, _params: PublishAlert) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/alert_active",
        relation="rises_by",
        value=1.0,
        deadline_s=60.0,
        text="the gateway reports one more alert in force",
    )


def _describe(target_name: str, params: PublishAlert) -> str:
    area = "a drawn area" if params.outline else f"{params.radius_m:,.0f} m around"
    where = params.place or f"{params.x_m:.0f} m east, {params.y_m:.0f} m north"
    return (
        f"Publish “{params.headline}” through {target_name} to everybody in {area} {where}:"
        f" phones, radio and signs there show it for {params.expires_min} minutes"
    )


def _undo(before: Before) -> Undo:
    return Undo(type_id="alert.cancel", args={"alert": before.command_id})


def _preview(target: PreviewTarget, params: PublishAlert, city: CityView) -> Preview:
    ring = tuple((x, y, 0.0) for x, y in outline_points(params.outline))
    area = PreviewArea(
        label=params.place or "alert",
        ring=ring,
        centre=(params.x_m, params.y_m, 0.0),
        radius_m=0.0 if ring else params.radius_m,
    )
    active_id = f"{target.id}/alert_active"
    active = city.last_value(active_id)
    published = Prediction(
        datastream_id=active_id,
        text="alerts in force",
        unit="",
        before=active,
        after=(active or 0.0) + 1.0,
        after_s=5.0,
    )
    languages = params.language + (f" and {params.language_2}" if params.language_2 else "")
    return Preview(
        things=(target.id,),
        areas=(area,),
        predictions=(published,),
        basis="the area that is sent; people by the volume of the buildings in it",
        notes=(
            people_note(area, city),
            f"It is sent in {languages} and ends after {params.expires_min} minutes",
            f"Its Cancel is prepared with it: “{params.cancel_text}”",
        ),
    )


COMMAND = CommandType(
    id="alert.publish",
    version=1,
    title="Publish public alert",
    called="Publish an alert through {target}",
    params=PublishAlert,
    target_kinds=("alert_gateway",),
    departments=("control_room", "fire", "police"),
    significance=4,
    effect=_effect,
    describe=_describe,
    inverse="alert.cancel",
    undo=_undo,
    windows=Windows(start_s=30.0),
    icon="alarm",
    preview=_preview,
)
