"""Working with the other operators, as panels see it; whoever composes the app does it."""

from __future__ import annotations

from dataclasses import dataclass

from twin.room.model import Operator
from twin.room.parts.seats import WorkspaceOffer
from twin.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody asks to be looked with."""

    by: Operator
    number: int


class TogetherList:
    """Whom one follows, who follows, who calls; and what the person asks for. GUI thread only.

    Attributes
    ----------
    following : whom this console's view follows, None = nobody
    followers : who follows this console
    calls : invitations that are open, newest last
    is_pointing : whether the others see the pointer
    is_calling : whether an invitation of this console is open
    offers : workspaces that this console may take over, newest last

    Signals
    -------
    follow_requested(str)
        Follow a console's view; "" = no longer.
    jump_requested(str)
        Look once where a console looks.
    call_requested(str)
        Ask others to look here: "" = everybody, "department:NAME" or a console id.
    answer_requested((Call, bool))
        Go where a caller looks, or not now.
    point_requested(bool)
        Let the others see the pointer, or no longer.
    hand_over_requested(str)
        Hand this console's workspace to a console, "" = to whoever takes it.
    offer_answered((WorkspaceOffer, bool))
        Take an offered workspace over, or decline it.
    changed(None)
        Something of the above is otherwise now.
    """

    def __init__(self) -> None:
        self.following: Operator | None = None
        self.followers: tuple[Operator, ...] = ()
        self.calls: tuple[Call, ...] = ()
        self.is_pointing = False
        self.is_calling = False
        self.offers: tuple[WorkspaceOffer, ...] = ()
        self.hand_over_requested: Signal[str] = Signal()
        self.offer_answered: Signal[tuple[WorkspaceOffer, bool]] = Signal()
        self.follow_requested: Signal[str] = Signal()
        self.jump_requested: Signal[str] = Signal()
        self.call_requested: Signal[str] = Signal()
        self.answer_requested: Signal[tuple[Call, bool]] = Signal()
        self.point_requested: Signal[bool] = Signal()
        self.changed: Signal[None] = Signal()

    def show(
        self,
        *,
        following: Operator | None,
        followers: tuple[Operator, ...],
        calls: tuple[Call, ...],
        is_pointing: bool,
        is_calling: bool,
    ) -> None:
        """Tell how it is now; called by the app."""
        new = (following, followers, calls, is_pointing, is_calling)
        old = (
            self.following,
            self.followers,
            self.calls,
            self.is_pointing,
            self.is_calling,
        )
        if new != old:
            self.following, self.followers, self.calls = following, followers, calls
            self.is_pointing, self.is_calling = is_pointing, is_calling
            self.changed.emit(None)

    def show_offers(self, offers: tuple[WorkspaceOffer, ...]) -> None:
        """Tell which workspaces may be taken over; called by the app."""
        if offers != self.offers:
            self.offers = offers
            self.changed.emit(None)

    def leave(self) -> bool:
        """Esc: stop following, else decline what was asked last; False when there is nothing."""
        if self.following is not None:
            self.follow_requested.emit("")
            return True
        if self.calls:
            self.answer_requested.emit((self.calls[-1], False))
            return True
        return False
