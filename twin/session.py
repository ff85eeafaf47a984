"""One console's view of the twin: everything panels and scenes read, made once in the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twin.city.areas import Area
from twin.city.asset import CityAsset
from twin.city.scene_file import SceneFile
from twin.city.scene_sources import SceneSources
from twin.city.style import PLAIN, CityStyle
from twin.clock import NS_PER_S, Clock
from twin.commands.city_view import StoreCityView
from twin.commands.preview import Preview
from twin.history.shelf import HistoryShelf
from twin.link.hub_link import Given, HubLink
from twin.marking import AREA_PREFIX, Draft, areas_of_marks
from twin.operations.correlation import IncidentProposal
from twin.people import Person, people_of
from twin.perception.watching import AnomalyWatch
from twin.reading import MessageReader
from twin.room.parts.marks import Mark, Marks
from twin.room.parts.templates import TemplateItem
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.trust import SourceWatch
from twin.sense.units import UnitStore
from twin.signals import Signal
from twin.staging import NORMAL, Proposal


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected: at most one of a feature row, a thing id, a unit id, or many at once.

    Attributes
    ----------
    features, things : many at once, as a lasso takes them
    """

    feature: int = -1
    thing_id: str = ""
    unit_id: str = ""
    features: tuple[int, ...] = ()
    things: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        is_one = self.feature >= 0 or self.thing_id or self.unit_id
        return not (is_one or self.features or self.things)

    @property
    def rows(self) -> tuple[int, ...]:
        """Rows of all selected features, one or many."""
        return self.features if self.feature < 0 else (self.feature,)


NOTHING = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeRequest:
    """Somebody wants to prepare a command; nothing is sent before it is confirmed.

    Attributes
    ----------
    target_id : thing or unit, "" = the operator chooses
    type_id : command type, "" = the operator chooses among those the target accepts
    args : values the form starts with
    inverse_of : id of the command that this one undoes
    target_ids : many targets that are given the same command, as one batch
    reason : why, for the log
    title : what those targets are together, for a person: "6 signals of Canal Street"
    items : several prepared commands that go to the review as they are
    """

    target_id: str = ""
    type_id: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    inverse_of: str = ""
    reason: str = ""
    target_ids: tuple[str, ...] = ()
    title: str = ""
    items: tuple[TemplateItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRequest:
    """Somebody wants to open an incident; ``xyz_local_m`` None = where what is selected is."""

    xyz_local_m: tuple[float, float, float] | None = None


class TwinSession:
    """City, observations, units, room and link of one console.

    Signals (all emitted on the GUI thread)
    -------
    selection_changed(Selection)
        After `select`.
    room_changed(frozenset[str])
        Names of the parts of the room that moved ("commands", "activity", "operators").
    colour_by_changed(str)
        Observed property or attribute the city is coloured by; "" = plain.
    style_changed(CityStyle)
        Colour, visibility or height by the operator's style.
    areas_changed(tuple[Area, ...])
        Other areas and cordons are drawn on the city: the operator's own, or those of the room.
    draft_changed(Draft | None)
        A mark is being made or changed, or no longer.
    mark_inspected(str)
        Somebody wants to see what a mark says.
    alarm_inspected(str)
        Somebody wants to see an alarm that has no thing of its own.
    incident_inspected(str)
        Somebody wants to see an incident; after `inspect_incident`.
    incident_wanted(IncidentRequest)
        Somebody wants to open an incident; after `want_incident`.
    fly_to_requested(tuple x, y, z, distance)
        Somebody wants the camera there, local metres.
    compose_requested(ComposeRequest)
        Somebody wants to prepare a command; `compose_request` holds it for a panel opened later.
    proposal_changed(Proposal)
        The rules propose another stage of the city, or on other facts.
    incident_proposals_changed(tuple[IncidentProposal, ...])
        Other alarms may be one incident.
    preview_changed(Preview or None)
        What a command would change is drawn in the city, or no longer.
    message(str)
        One sentence for the operator, shown for a few seconds.
    given(CommandRequest, Cancel, Act, Note or PresenceState)
        This console asked something of the hub, or shows something to the others.
    """

    def __init__(
        self,
        *,
        city: CityAsset,
        clock: Clock,
        observations: ObservationStore,
        units: UnitStore,
        ingest: SampleIngest,
        hub: HubLink,
        scene_file: SceneFile | None = None,
        sources: SceneSources | None = None,
        given: Signal[Given] | None = None,
    ) -> None:
        self.city = city
        #: What was opened, with styles and bookmarks; None for a generated city.
        self.scene_file = scene_file
        #: The sources of the scene; empty for a generated city.
        self.sources = sources or SceneSources()
        self.clock = clock
        self.observations = observations
        #: Learns which sources must not be trusted; looks in a job about once a second.
        self.source_watch = SourceWatch(observations)
        #: Watches chosen datastreams for unusual values; looks in the same job.
        self.anomalies = AnomalyWatch(observations)
        #: What may be one incident, the newest first.
        self.incident_proposals: tuple[IncidentProposal, ...] = ()
        self.incident_proposals_changed: Signal[tuple[IncidentProposal, ...]] = Signal()
        #: The past of datastreams; empty until a folder or a recording is named.
        self.history = HistoryShelf()
        self.units = units
        self.ingest = ingest
        #: The link to the hub; another while the past is shown (`twin.playback.time_machine`).
        self.hub: HubLink = hub
        #: The city as previews of commands ask it.
        self.city_view = StoreCityView(
            city=lambda: self.city, observations=observations, units=units, clock=clock
        )
        self.selection = NOTHING
        self.colour_by = ""
        self.compose_request: ComposeRequest | None = None
        #: Who wants the next clicked point, None for nobody; see `ask_point`.
        self.point_taker: Callable[[tuple[float, float, float]], None] | None = None
        self.selection_changed: Signal[Selection] = Signal()
        self.room_changed: Signal[frozenset[str]] = Signal()
        self.colour_by_changed: Signal[str] = Signal()
        self.style = PLAIN
        self._own_areas: tuple[Area, ...] = ()
        self._shared_areas: tuple[Area, ...] = ()
        #: The mark that is being made or changed here.
        self.draft: Draft | None = None
        #: Id of the incident that is worked on here, "" = none; the others see it.
        self.incident = ""
        #: The stage of the city that the rules propose now; a person sets it.
        self.proposal = NORMAL
        self.proposal_changed: Signal[Proposal] = Signal()
        #: What was read of the messages.
        self.reader = MessageReader(
            lambda: self.hub.room, lambda: self.hub.operator, lambda: self.hub.joined_seq
        )
        self._people: tuple[Person, ...] = ()
        self._people_version: tuple[int, int, int] = (-1, -1, -1)
        self.style_changed: Signal[CityStyle] = Signal()
        self.areas_changed: Signal[tuple[Area, ...]] = Signal()
        self.draft_changed: Signal[Draft | None] = Signal()
        self.mark_inspected: Signal[str] = Signal()
        self.alarm_inspected: Signal[str] = Signal()
        self.incident_inspected: Signal[str] = Signal()
        self.incident_wanted: Signal[IncidentRequest] = Signal()
        #: That somebody wants to open an incident, until a form has taken it over.
        self.incident_request: IncidentRequest | None = None
        self.fly_to_requested: Signal[tuple[float, float, float, float]] = Signal()
        self.compose_requested: Signal[ComposeRequest] = Signal()
        self.message: Signal[str] = Signal()
        self.given: Signal[Given] = given or Signal()
        self.preview_changed: Signal[Preview | None] = Signal()
        self._previews: dict[str, Preview] = {}

    @property
    def preview(self) -> Preview | None:
        """What a command would change, as it is drawn in the city now; None for nothing."""
        return next(reversed(self._previews.values()), None)

    def select(self, selection: Selection) -> None:
        """Make `selection` the current one and tell everybody."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def colour_city_by(self, name: str) -> None:
        """Colour the city by an observed property or attribute, "" for the plain model."""
        if name != self.colour_by:
            self.colour_by = name
            self.colour_by_changed.emit(name)

    def set_style(self, style: CityStyle) -> None:
        """Draw the city by a style; one with colours takes the place of "colour by"."""
        if style.colour is not None:
            self.colour_city_by("")
        if style != self.style:
            self.style = style
            self.style_changed.emit(style)

    @property
    def areas(self) -> tuple[Area, ...]:
        """Areas and cordons that are drawn on the city: own ones, then those of the room."""
        return (*self._own_areas, *self._shared_areas)

    def set_areas(self, areas: tuple[Area, ...]) -> None:
        """Draw these areas and cordons on the city, and no others but those of the room."""
        areas = tuple(area for area in areas if not area.id.startswith(AREA_PREFIX))
        if areas != self._own_areas:
            self._own_areas = areas
            self.areas_changed.emit(self.areas)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Marks of the room, in the order they were made."""
        return self.hub.room[Marks].by_id.values()

    def set_draft(self, draft: Draft | None) -> None:
        """Make or change a mark from now on; None = no longer."""
        if draft != self.draft:
            self.draft = draft
            self.draft_changed.emit(draft)

    def people(self) -> tuple[Person, ...]:
        """The other operators and what they show; looked up anew four times a second."""
        presences = self.hub.presences
        now_ns = self.clock.monotonic_ns()
        version = (presences.version, self.hub.room.seq, now_ns // (NS_PER_S // 4))
        if version != self._people_version:
            self._people_version = version
            people = people_of(
                self.hub.room.operators,
                presences.others(now_ns),
                self.hub.operator.console_id,
            )
            if people != self._people:
                self._people = people
        return self._people

    def propose_stage(self, proposal: Proposal) -> None:
        """Show what the rules propose."""
        if proposal != self.proposal:
            self.proposal = proposal
            self.proposal_changed.emit(proposal)

    def show_preview(self, owner: str, preview: Preview | None) -> None:
        """Draw what a command would change, None = no more; the owner that came last is drawn."""
        before = self.preview
        if preview == self._previews.get(owner):
            return
        self._previews.pop(owner, None)
        if preview is not None:
            self._previews[owner] = preview
        if self.preview != before:
            self.preview_changed.emit(self.preview)

    def inspect_incident(self, incident_id: str) -> None:
        """Work on an incident here from now on; its panel opens."""
        self.incident = incident_id
        self.incident_inspected.emit(incident_id)

    def want_incident(self, xyz_local_m: tuple[float, float, float] | None = None) -> None:
        """Ask for the form of a new incident, at a place or what is selected; its panel opens."""
        self.incident_request = IncidentRequest(xyz_local_m=xyz_local_m)
        self.incident_wanted.emit(self.incident_request)

    def set_incident_proposals(self, proposals: tuple[IncidentProposal, ...]) -> None:
        """Say what may be one incident now."""
        if proposals != self.incident_proposals:
            self.incident_proposals = proposals
            self.incident_proposals_changed.emit(proposals)

    def compose(self, request: ComposeRequest) -> None:
        """Ask for a command form; the commands panel opens and fills it."""
        self.compose_request = request
        self.compose_requested.emit(request)

    def ask_point(self, take: Callable[[tuple[float, float, float]], None]) -> None:
        """The next click in a view chooses a place for somebody in place of selecting.

        `take` gets the point that was clicked, local metres. Whoever asked before is forgotten.
        """
        self.point_taker = take
        self.message.emit("Click the place in the view")

    def give_point(self, xyz_local_m: tuple[float, float, float]) -> bool:
        """Hand a clicked point to whoever asked for one; False if nobody did."""
        take, self.point_taker = self.point_taker, None
        if take is None:
            return False
        take(xyz_local_m)
        return True

    def poll(self) -> None:
        """Apply what came from the hub since the last call. GUI thread, once a frame."""
        changed = self.hub.poll()
        if "marks" in changed:
            self._follow_marks()
        if "messages" in changed:
            self.reader.follow()
        if changed:
            self.room_changed.emit(changed)

    def _follow_marks(self) -> None:
        areas = areas_of_marks(self.marks)
        if areas != self._shared_areas:
            self._shared_areas = areas
            self.areas_changed.emit(self.areas)
