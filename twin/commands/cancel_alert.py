"""Cancel a public alert; done when the gateway reports one alert less in force."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.cap.rules import text_problem
from twin.commands.base import CommandType, Effect, Windows
from twin.commands.params import FieldRejected
from twin.commands.preview import CityView, Prediction, Preview, PreviewTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAlert:
    """Which alert; the Cancel itself was prepared when that was published."""

    alert: str = field(
        metadata={
            "help": "The command that published the alert",
            "max_length": 64,
            "editor": "command:alert.publish",
        }
    )
    note: str = field(
        default="",
        metadata={"help": "Why, for other authorities; it is sent along", "max_length": 200},
    )

    def __post_init__(self) -> None:
        """Check what the fields cannot check each for itself."""
        if not self.alert.strip():
            raise FieldRejected("alert", "Choose the alert that is to be cancelled")
        sentence = text_problem(self.note)
        if sentence:
            raise FieldRejected("note", sentence)


def _effect(target_id: str, _params: CancelAlert) -> Effect:
    return Effect(
        datastream_id=f"{target_id}/alert_active",
        relation="falls_by",
        value=1.0,
        deadline_s=60.0,
        text="the gateway reports one alert less in force",
    )


def _describe(target_name: str, _params: CancelAlert) -> str:
    return (
        f"Send the prepared Cancel through {target_name}: everybody who had the alert is told"
        " that it is over"
    )


def _preview(target: PreviewTarget, _params: CancelAlert, city: CityView) -> Preview:
    active_id = f"{target.id}/alert_active"
    active = city.last_value(active_id)
    ended = Prediction(
        datastream_id=active_id,
        text="alerts in force",
        unit="",
        before=active,
        after=max((active or 1.0) - 1.0, 0.0),
        after_s=5.0,
    )
    return Preview(
        things=(target.id,),
        predictions=(ended,),
        basis="what the gateway will report",
        notes=("Everybody who had the alert gets the Cancel that was prepared with it",),
    )


COMMAND = CommandType(
    id="alert.cancel",
    version=1,
    title="Cancel public alert",
    called="Cancel an alert of {target}",
    params=CancelAlert,
    target_kinds=("alert_gateway",),
    departments=("control_room", "fire", "police"),
    significance=3,
    effect=_effect,
    describe=_describe,
    windows=Windows(start_s=30.0),
    icon="alarm",
    preview=_preview,
)
