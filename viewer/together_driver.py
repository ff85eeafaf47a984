"""Shows this console's operator to the others, and lets its view follow theirs. GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twin.analysis.follow import SmoothPose
from twin.analysis.pose import Pose
from twin.clock import NS_PER_S
from twin.link.presence import Look, PointCm, PresenceState, point_cm
from twin.people import Person, is_called
from twin.session import TwinSession
from twin.signals import Signal
from twin.theme import Theme
from viewer.city_pane import CityPane
from viewer.city_panes import CityPanes
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.parts.command_words import operator_text
from widgets.parts.places import place_of_selection
from widgets.together_list import Call, TogetherList
from widgets.view_notice import Notice, ViewNotice

TELL_MS = 100
#: An invitation is open so long.
CALL_S = 20.0
GROUP = "Together"
_LONGEST_STEP_S = 0.25


class TogetherDriver:
    """What the person shows, whom the active view follows, and who calls.

    Parameters
    ----------
    panel : title of the panel that the person works in, "" = none
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        panes: CityPanes,
        together: TogetherList,
        bridge: Bridge,
        panel: Callable[[], str],
    ) -> None:
        self._session = session
        self._panes = panes
        self._together = together
        self._panel = panel
        self._following = ""
        self._pane: CityPane | None = None
        self._smooth: SmoothPose | None = None
        self._stepped_ns = 0
        self._hover: tuple[float, float] | None = None
        self._is_pointing = False
        self._call, self._call_to, self._called_ns = 0, "", 0
        #: Invitation -> when it came here; those that were answered stay until they are closed.
        self._heard: dict[tuple[str, int], int] = {}
        self._answered: set[tuple[str, int]] = set()
        self._notices: dict[int, tuple[CityPane, ViewNotice]] = {}
        self._hovers: dict[int, Callable[[], None]] = {}
        self._theme: Theme | None = None
        self._disconnects = [
            together.follow_requested.connect(self._follow),
            together.jump_requested.connect(self._jump),
            together.call_requested.connect(self._invite),
            together.answer_requested.connect(lambda answer: self._answer(*answer)),
            together.point_requested.connect(self._point),
            panes.changed.connect(self._take_panes),
            bridge.every(TELL_MS, self.step),
        ]
        self._take_panes(None)

    def add_actions(self, table: ActionTable) -> None:
        """What is done by key and by name."""
        together = self._together
        table.add(
            Action(
                id="together.point",
                title="Let the others see my pointer",
                key="Shift+O",
                group=GROUP,
                icon="pointer",
                run=lambda: together.point_requested.emit(not self._is_pointing),
                checked=lambda: self._is_pointing,
            )
        )
        table.add(
            Action(
                id="together.call",
                title="Ask everybody to look here",
                key="Shift+H",
                group=GROUP,
                icon="people",
                run=partial(together.call_requested.emit, ""),
            )
        )
        table.add(
            Action(
                id="together.stop_following",
                title="Stop following",
                group=GROUP,
                run=partial(together.follow_requested.emit, ""),
                enabled=lambda: bool(self._following),
            )
        )

    def dress(self, theme: Theme, theme_changed: Signal[Theme]) -> None:
        """Follow the window's theme."""
        self._dress(theme)
        self._disconnects.append(theme_changed.connect(self._dress))

    def close(self) -> None:
        """Let go of everything."""
        for disconnect in (*self._disconnects, *self._hovers.values()):
            disconnect()
        self._stop_following("")
        for _, notice in self._notices.values():
            notice.hide()

    # -- ten times a second -------------------------------------------------------------------

    def step(self) -> None:
        """Show what is new here, and look after followers, calls and whom one follows."""
        people = self._session.people()
        own = self._session.hub.operator
        followers = tuple(p.operator for p in people if p.shown.following == own.console_id)
        self._look_after_leader(people)
        calls = self._open_calls(people)
        now_ns = self._session.clock.monotonic_ns()
        if self._call and now_ns - self._called_ns > CALL_S * NS_PER_S:
            self._call = 0
        self._session.hub.show(self._state(is_watched=bool(followers)))
        leader = next((p for p in people if p.console_id == self._following), None)
        self._together.show(
            following=None if leader is None else leader.operator,
            followers=followers,
            calls=calls,
            is_pointing=self._is_pointing,
            is_calling=bool(self._call),
        )
        self._say()

    def _state(self, *, is_watched: bool) -> PresenceState:
        session, pane = self._session, self._panes.active
        place = None if session.selection.is_empty else place_of_selection(session)
        camera = pane.scene.camera
        return PresenceState(
            look=Look.of(camera.pose.plain(), is_plan=camera.is_plan) if pane.is_showing else None,
            pointer=self._pointer(pane) if self._is_pointing or is_watched else None,
            selected=("" if place is None else place[0])[:120],
            selected_id=(session.selection.thing_id or session.selection.unit_id)[:200],
            panel=self._panel()[:120],
            incident=session.incident[:200],
            following=self._following,
            call=self._call,
            call_to=self._call_to,
        )

    def _pointer(self, pane: CityPane) -> PointCm | None:
        if self._hover is None or not pane.is_showing:
            return None
        at = pane.scene.ground_point(*self._hover)
        return None if at is None else point_cm(at)

    # -- following ----------------------------------------------------------------------------

    def _person(self, console_id: str) -> Person | None:
        people = self._session.people()
        return next((p for p in people if p.console_id == console_id), None)

    def _follow(self, console_id: str) -> None:
        self._stop_following("")
        person = self._person(console_id) if console_id else None
        if person is None or person.look is None:
            if console_id:
                self._say_unseen(person)
            return
        pane = self._panes.active
        self._following, self._pane = console_id, pane
        self._smooth = SmoothPose(pane.scene.camera.pose.plain())
        self._stepped_ns = self._session.clock.monotonic_ns()
        pane.follow(None)
        pane.scene.camera.set_plan(person.look.is_plan, animated=False)
        pane.driver.follow(self._leading_pose)
        self.step()

    def _leading_pose(self) -> Pose:
        """Where the view should be now; asked for every frame."""
        assert self._smooth is not None  # noqa: S101 - only asked while following
        now_ns = self._session.clock.monotonic_ns()
        dt_s = min((now_ns - self._stepped_ns) / NS_PER_S, _LONGEST_STEP_S)
        self._stepped_ns = now_ns
        person = self._person(self._following)
        if person is None or person.look is None:
            return self._smooth.pose
        return self._smooth.towards(person.look.pose(), dt_s)

    def _look_after_leader(self, people: tuple[Person, ...]) -> None:
        """End when the view was moved by hand or whom it follows has gone."""
        if not self._following or self._pane is None:
            return
        leader = next((p for p in people if p.console_id == self._following), None)
        if leader is None or leader.look is None:
            name = "They have" if leader is None else f"{leader.operator.name} has"
            self._stop_following(f"{name} gone; your view stays where it is")
        elif self._pane.driver.leader is None:
            self._stop_following("")
        elif leader.look.is_plan != self._pane.scene.camera.is_plan:
            self._pane.scene.camera.set_plan(leader.look.is_plan, animated=False)
            self._pane.driver.follow(self._leading_pose)

    def _stop_following(self, sentence: str) -> None:
        if self._pane is not None and self._pane.driver.leader is not None:
            self._pane.driver.follow(None)
        self._following, self._pane, self._smooth = "", None, None
        if sentence:
            self._session.message.emit(sentence)

    def _jump(self, console_id: str) -> None:
        person = self._person(console_id)
        if person is None or person.look is None:
            self._say_unseen(person)
            return
        self._stop_following("")
        pane, pose = self._panes.active, person.look.pose()
        pane.follow(None)
        pane.scene.camera.set_plan(person.look.is_plan, animated=False)
        pane.scene.camera.fly_to(
            pose.focal_m,
            pose.distance_m,
            azimuth_rad=pose.azimuth_rad,
            elevation_rad=pose.elevation_rad,
        )
        pane.driver.hurry()

    def _say_unseen(self, person: Person | None) -> None:
        name = "Nobody" if person is None else person.operator.name
        self._session.message.emit(
            "They have left the room" if person is None else f"{name} does not show where they look"
        )

    # -- calls --------------------------------------------------------------------------------

    def _invite(self, call_to: str) -> None:
        self._call = self._session.clock.now_ns() // 1_000_000
        self._call_to = call_to
        self._called_ns = self._session.clock.monotonic_ns()
        self._session.message.emit("The others are asked to look here")
        self.step()

    def _open_calls(self, people: tuple[Person, ...]) -> tuple[Call, ...]:
        own, now_ns = self._session.hub.operator, self._session.clock.monotonic_ns()
        there = {(p.console_id, p.shown.call): p for p in people if is_called(p.shown, own)}
        self._heard = {key: self._heard.get(key, now_ns) for key in there}
        self._answered &= set(there)
        return tuple(
            Call(by=person.operator, number=key[1])
            for key, person in there.items()
            if key not in self._answered and now_ns - self._heard[key] < CALL_S * NS_PER_S
        )

    def _answer(self, call: Call, goes: bool) -> None:
        self._answered.add((call.by.console_id, call.number))
        if goes:
            self._jump(call.by.console_id)
        self.step()

    # -- pointing -----------------------------------------------------------------------------

    def _point(self, on: bool) -> None:
        self._is_pointing = on
        words = "The others see your pointer" if on else "Your pointer is yours again"
        self._session.message.emit(words)
        self.step()

    def _take_panes(self, _nothing: None) -> None:
        """Listen to the pointer in every view, and keep a notice over each."""
        there = {id(pane): pane for pane in self._panes.all}
        for key in [key for key in self._hovers if key not in there]:
            self._hovers.pop(key)()
            self._notices.pop(key)
        for key, pane in there.items():
            if key not in self._hovers:
                self._hovers[key] = pane.viewport.hovered.connect(partial(self._note, pane))
                notice = ViewNotice(pane.viewport)
                if self._theme is not None:
                    notice.dress(self._theme)
                self._notices[key] = (pane, notice)

    def _note(self, pane: CityPane, at_px: tuple[float, float] | None) -> None:
        if pane is self._panes.active:
            self._hover = at_px

    # -- what the views say -------------------------------------------------------------------

    def _dress(self, theme: Theme) -> None:
        self._theme = theme
        for _, notice in self._notices.values():
            notice.dress(theme)

    def _say(self) -> None:
        together, active = self._together, self._panes.active
        for pane, notice in self._notices.values():
            notices: list[Notice] = []
            if pane is self._pane and together.following is not None:
                notices.append(self._following_notice())
            if pane is active:
                notices += self._own_notices()
            notice.say(notices)

    def _following_notice(self) -> Notice:
        assert self._together.following is not None  # noqa: S101 - asked before
        name = operator_text(self._together.following)
        words = f"Following {name}. Move the view or press Esc to leave"
        return "eye", words, [("Leave", partial(self._together.follow_requested.emit, ""))]

    def _own_notices(self) -> list[Notice]:
        together = self._together
        notices: list[Notice] = []
        if together.followers:
            names = [operator.name for operator in together.followers]
            verb = "follows" if len(names) == 1 else "follow"
            notices.append(("people", f"{listed(names)} {verb} your view", []))
        for call in together.calls[-3:]:
            answer = together.answer_requested.emit
            steps = [
                (f"Look with {call.by.name}", partial(answer, (call, True))),
                ("Not now", partial(answer, (call, False))),
            ]
            notices.append(("people", f"{operator_text(call.by)} asks you to look there", steps))
        for offer in together.offers[-2:]:
            take = together.offer_answered.emit
            about = f": {offer.text}" if offer.text else ""
            steps = [
                ("Take it over", partial(take, (offer, True))),
                ("Not now", partial(take, (offer, False))),
            ]
            words = f"{operator_text(offer.by)} hands a workspace over{about}"
            notices.append(("layout", words, steps))
        if together.is_pointing:
            notices.append(("pointer", "The others see your pointer", []))
        return notices


def listed(names: list[str], most: int = 4) -> str:
    """Names in a sentence: "Ada, Ben and 3 others"."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} others"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
