"""The window of a scene's audience: camera, layers and highlights follow the room's cues."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from twin.clock import NS_PER_S
from twin.playback.cue_view import CueView, Look
from twin.room.parts.cues import Cues
from twin.session import NOTHING, Selection, TwinSession
from twin.theme import Theme
from viewer.city_pane import CityPane
from viewer.main_window import MainWindow
from viewer.stage.order_lines import order_lines
from widgets.bridge import Bridge
from widgets.caption_strip import CaptionStrip
from widgets.layer_list import LayerList

STEP_MS = 40
_GO_ON_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Right)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceOptions:
    """How a scene is looked at; ``kiosk`` = the whole screen, and nothing but the city."""

    kiosk: bool = False


class AudienceDriver(QObject):
    """GUI thread. Says ``{"go_on": true}`` on stdout when somebody presses space or clicks."""

    def __init__(
        self, *, session: TwinSession, bridge: Bridge, window: MainWindow, pane: CityPane,
        layers: LayerList, timeline: QWidget, options: AudienceOptions,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._session, self._pane, self._layers = session, pane, layers
        self._window, self._options, self._timeline = window, options, timeline
        self._view = CueView(pane.scene.camera.pose)
        self._strip = CaptionStrip(pane.viewport, window.theme)
        self._usual: dict[str, bool] = {}
        self._look = Look()
        self._things: tuple[str, ...] = ()
        self._is_waiting = self._is_in_front = False
        self._disconnect = window.theme_changed.connect(self._take_theme)
        self._stop = bridge.every(STEP_MS, self.step)
        self._app = QApplication.instance()
        if self._app is not None:
            self._app.installEventFilter(self)
        if options.kiosk:
            bridge.after(0, self._fill_screen)

    def close(self) -> None:
        """Follow no more."""
        if self._app is not None:
            self._app.removeEventFilter(self)
        self._stop()
        self._disconnect()

    def step(self) -> None:
        """Bring the window to what the scene's time says."""
        if not self._is_in_front and self._window.isVisible():
            self._is_in_front = True
            self._window.activateWindow()  # a show room may have nothing that gives it the keys
        room = self._session.hub.room
        cues = room[Cues].by_kind.entries
        if not cues:
            return
        newest = max(cues.values(), key=lambda cue: cue.t_ns)
        self._is_waiting = newest.pace == 0.0
        now_ns = self._session.clock.now_ns()
        passed_s = max(now_ns - newest.t_ns, 0) / NS_PER_S
        scene_s = newest.scene_s + passed_s * newest.pace
        self._view.follow(cues, scene_s)
        pose = self._view.pose(scene_s)
        if pose is not None:
            self._pane.scene.camera.set_pose(pose)
            self._pane.driver.hurry()
        self._strip.tell(self._view.caption, order_lines(room, now_ns))
        self._strip.raise_()
        self._take_things()
        self._take_look()

    def _take_things(self) -> None:
        if self._view.things != self._things:
            self._things = self._view.things
            self._session.select(Selection(things=self._things) if self._things else NOTHING)

    def _take_look(self) -> None:
        look = self._view.look
        if look == self._look:
            return
        scene = self._pane.scene
        if not self._usual:
            self._usual = {one.id: scene.is_layer_visible(one.id) for one in scene.layers}
        for layer_id, is_usual in self._usual.items():
            is_on = (is_usual or layer_id in look.layers_on) and layer_id not in look.layers_off
            if is_on != scene.is_layer_visible(layer_id):
                self._switch(layer_id, is_on=is_on)
        if look.colour_by != self._look.colour_by:
            self._session.colour_city_by(look.colour_by)
        self._look = look

    def _switch(self, layer_id: str, *, is_on: bool) -> None:
        """Switch a layer, where it is listed through the list, so that the panel shows it."""
        if layer_id in {entry.id for entry in self._layers.entries}:
            self._layers.set_visible(layer_id, is_on)
        else:
            self._pane.scene.set_layer_visible(layer_id, is_on)
            self._pane.driver.hurry()

    def _take_theme(self, theme: Theme) -> None:
        self._strip.set_theme(theme)

    # --- kiosk ----------------------------------------------------------------------------------

    def _fill_screen(self) -> None:
        """Hide everything but the city; the whole screen."""
        window = self._window
        for dock in window.docks.values():
            dock.hide()
        bars: list[QWidget | None] = [window.menuWidget(), window.statusBar(), self._pane.bar]
        for bar in bars:
            if bar is not None:
                bar.hide()
        self._timeline.hide()
        window.toast.setMaximumSize(0, 0)
        window.setCursor(Qt.CursorShape.BlankCursor)
        screen = window.screen()
        if screen is not None:  # without a window manager nobody else makes it that large
            window.setGeometry(screen.geometry())
        window.showFullScreen()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Space or a click lets a scene go on that waits; in a kiosk Esc closes the window.

        Where somebody writes, as in the find box, a space is a space.
        """
        is_ours = self._options.kiosk or self._is_waiting
        if isinstance(event, QKeyEvent) and is_ours:
            return self._take_key(event)
        if event.type() == QEvent.Type.MouseButtonPress and self._options.kiosk:
            _say_go_on()
        return False

    def _take_key(self, event: QKeyEvent) -> bool:
        if not self._options.kiosk and _is_writing():
            return False
        is_end = self._options.kiosk and event.key() == Qt.Key.Key_Escape
        if not is_end and event.key() not in _GO_ON_KEYS:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:  # else a shortcut of the window takes it
            event.accept()
        elif event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
            if is_end:
                self._window.close()
            else:
                _say_go_on()
        return True


def _is_writing() -> bool:
    """Whether somebody has begun to write: in an empty field the keys mean nothing yet."""
    field = QApplication.focusWidget()
    if isinstance(field, QLineEdit):
        return bool(field.text())
    return isinstance(field, QPlainTextEdit | QTextEdit) and bool(field.toPlainText())


def _say_go_on() -> None:
    sys.stdout.write(json.dumps({"go_on": True}) + "\n")
    sys.stdout.flush()
