"""Bookmarks and tours as the panel sees them; whoever composes the app does what is asked."""

from __future__ import annotations

from twin.city.bookmarks import Bookmark, BookmarkBook, Tour
from twin.signals import Signal


class ViewList:
    """What the person asks for, and the state of the tour that is played. GUI thread only.

    Attributes
    ----------
    book : set by the app once there is a scene

    Signals
    -------
    take_requested(str)
        Keep the present view under a name ("" = a name is found).
    go_requested(Bookmark)
        Fly to a bookmark and draw the city as it says.
    play_requested(Tour)
        Play a tour from its begin.
    pause_requested(None), stop_requested(None)
        Pause or go on; end.
    changed(None)
        The book or the state of the tour is otherwise now.
    """

    def __init__(self) -> None:
        self.book = BookmarkBook(None)
        self.playing = ""
        self.paused = False
        self.share = 0.0
        self.take_requested: Signal[str] = Signal()
        self.go_requested: Signal[Bookmark] = Signal()
        self.play_requested: Signal[Tour] = Signal()
        self.pause_requested: Signal[None] = Signal()
        self.stop_requested: Signal[None] = Signal()
        self.changed: Signal[None] = Signal()

    def set_book(self, book: BookmarkBook) -> None:
        """Take the book of the scene; called by the app."""
        self.book = book
        book.changed.connect(self.changed.emit)
        self.changed.emit(None)

    def show_tour(self, name: str, *, paused: bool = False, share: float = 0.0) -> None:
        """Tell which tour is played ("" = none) and how far it is (0..1); called by the app."""
        self.playing, self.paused, self.share = name, paused, share
        self.changed.emit(None)
