"""Hands a workspace to another seat, and takes one over: layout, camera, selection, filters."""

from __future__ import annotations

from twin.acting import refusal_of
from twin.duty import offer_workspace, take_workspace, withdraw_workspace
from twin.link.presence import Look
from twin.room.parts.incidents import Incidents
from twin.room.parts.seats import Seats, WorkspaceOffer
from twin.session import NOTHING, Selection, TwinSession
from viewer.city_panes import CityPanes
from viewer.main_window import MainWindow
from viewer.workspaces import WORKSPACES
from widgets.actions import Action, ActionTable
from widgets.parts.filters import filter_text, take_filter_text
from widgets.parts.places import place_of_selection

MOST_SELECTED = 500
GROUP = "Together"


class WorkspaceHandover:
    """GUI thread; call `close` at the end."""

    def __init__(self, *, panes: CityPanes, window: MainWindow) -> None:
        self._panes = panes
        self._window = window
        self._session: TwinSession = window.session
        self._together = window.together
        #: Act that takes a workspace over -> what it takes.
        self._taking: dict[str, WorkspaceOffer] = {}
        #: Own offers that wait, as they were made.
        self._mine: dict[str, WorkspaceOffer] = {}
        self._declined: set[str] = set()
        self._stops = [
            self._session.room_changed.connect(self._follow_room),
            self._together.hand_over_requested.connect(self.offer),
            self._together.offer_answered.connect(lambda answer: self.answer(*answer)),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """Handing over by name."""
        table.add(
            Action(
                id="together.hand_over",
                title="Hand this workspace to whoever takes it over",
                group=GROUP,
                icon="layout",
                run=lambda: self.offer(""),
            )
        )

    def close(self) -> None:
        """Let go of everything."""
        for stop in self._stops:
            stop()

    # -- giving -------------------------------------------------------------------------------

    def offer(self, to: str) -> None:
        """Offer what is shown here to a console, "" = to anybody."""
        session, window = self._session, self._window
        pane = self._panes.active
        camera, selection = pane.scene.camera, session.selection
        look = Look.of(camera.pose.plain(), is_plan=camera.is_plan) if pane.is_showing else None
        docks = {name: dock for name, dock in window.docks.items() if not dock.isHidden()}
        panels = {name: dock.panel for name, dock in docks.items()}
        filters = {n: filter_text(panel) for n, panel in panels.items() if panel is not None}
        rows = selection.rows[:MOST_SELECTED]
        things = (selection.thing_id,) if selection.thing_id else selection.things
        offer_workspace(
            session,
            to,
            look,
            workspace=window.workspace,
            text=self._about()[:200],
            panels=list(docks),
            feature_ids=[str(session.city.features.ids[row]) for row in rows],
            things=list(things[:MOST_SELECTED]),
            unit_id=selection.unit_id,
            filters={name: text for name, text in filters.items() if text},
            incident=session.incident,
        )
        operator = session.hub.room.operators.get(to)
        name = operator.name if operator is not None else "whoever takes it over"
        session.message.emit(f"Your workspace is offered to {name}")

    def _about(self) -> str:
        """What the workspace is about: the incident, else what is selected, else its name."""
        session = self._session
        incident = session.hub.room[Incidents].by_id.get(session.incident)
        if incident is not None:
            return incident.title
        place = None if session.selection.is_empty else place_of_selection(session)
        if place is not None:
            return place[0]
        known = (w.title for w in WORKSPACES if w.id == self._window.workspace)
        return next(known, "")

    # -- taking -------------------------------------------------------------------------------

    def answer(self, offer: WorkspaceOffer, takes: bool) -> None:
        """Take a workspace over, or decline it."""
        session = self._session
        if takes:
            self._taking[take_workspace(session, offer.id)] = offer
        elif offer.to:
            withdraw_workspace(session, offer.id)
        self._declined.add(offer.id)
        self._show_offers()

    def show(self, offer: WorkspaceOffer) -> None:
        """Show here what its giver saw."""
        session, window = self._session, self._window
        if any(w.id == offer.workspace for w in WORKSPACES):
            window.show_workspace(offer.workspace)
        if offer.panels:
            for name, dock in window.docks.items():
                if not dock.isFloating():
                    dock.setVisible(name in offer.panels)
        for name, dock in window.docks.items():
            if dock.panel is not None and name in offer.panels:
                take_filter_text(dock.panel, offer.filters.get(name, ""))
        session.incident = offer.incident
        if offer.incident in session.hub.room[Incidents].by_id:
            session.incident_inspected.emit(offer.incident)
        session.select(self._selection(offer))
        if offer.look is not None:
            self._look(offer.look)
        session.message.emit(f"You have taken over the workspace of {offer.by.name}")

    def _selection(self, offer: WorkspaceOffer) -> Selection:
        features = self._session.city.features
        rows = [features.row_of(feature_id) for feature_id in offer.feature_ids]
        known = tuple(row for row in rows if row >= 0)
        if offer.unit_id:
            return Selection(unit_id=offer.unit_id)
        if len(known) == 1:
            return Selection(feature=known[0])
        if known:
            return Selection(features=known, things=offer.things)
        if len(offer.things) == 1:
            return Selection(thing_id=offer.things[0])
        return Selection(things=offer.things) if offer.things else NOTHING

    def _look(self, look: Look) -> None:
        pane, pose = self._panes.active, look.pose()
        pane.follow(None)
        pane.scene.camera.set_plan(look.is_plan, animated=False)
        pane.scene.camera.fly_to(
            pose.focal_m,
            pose.distance_m,
            azimuth_rad=pose.azimuth_rad,
            elevation_rad=pose.elevation_rad,
            animated=False,  # docks have just changed: a view at home would go home again
        )
        pane.driver.hurry()

    # -- following the room -------------------------------------------------------------------

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "refusals" in changed:
            for act_id in [one for one in self._taking if refusal_of(self._session, one)]:
                del self._taking[act_id]
                self._session.message.emit(refusal_of(self._session, act_id))
        if "seats" in changed:
            self._finish()
            self._show_offers()

    def _finish(self) -> None:
        """Show what the hub gave to this console; tell whose own offer was taken."""
        own = self._session.hub.operator.console_id
        offers = self._session.hub.room[Seats].offers.entries
        gone = {one for one in self._mine if one not in offers}
        self._mine = {one.id: one for one in offers.values() if one.by.console_id == own}
        for event in reversed(self._session.hub.room.activity):
            if not self._taking and not gone:
                return
            if event.kind != "workspace.taken":
                continue
            offer = self._taking.pop(event.key, None)
            if offer is not None:
                self.show(offer)
            elif event.body.get("id") in gone:
                gone.discard(str(event.body.get("id")))
                self._session.message.emit(f"{event.actor} has taken over your workspace")

    def _show_offers(self) -> None:
        own = self._session.hub.operator.console_id
        offers = self._session.hub.room[Seats].offers.values()
        open_here = tuple(
            offer
            for offer in offers
            if offer.id not in self._declined
            and offer.by.console_id != own
            and offer.to in ("", own)
        )
        self._together.show_offers(open_here)
