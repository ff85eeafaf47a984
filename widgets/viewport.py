"""The 3D view: owns the one VTK widget, asks for frames, hands pointer and keys on.

It knows no drawing: whoever composes the app takes `Viewport.renderer`, builds a scene in it and
passes ``draw`` (called once a tick, says whether a new frame is wanted) and the scene's controls.

Hard-won invariants
1. Frames are asked for with ``update()`` by one tick; nobody calls ``render()``. Broken, frames
   pile up behind each other. Guarded by ``test_viewport.py::test_many_wishes_are_one_frame``.
2. VTK never sees a mouse or key event (the filter eats them, there is no interactor). Broken, the
   camera moves twice. Guarded by ``test_vtk_sees_no_pointer``.
3. What lies over the view (hover card, toast, find box) is opaque: its repaint then draws no new
   frame of the city. Guarded by ``test_an_overlay_costs_no_frame``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from vtkmodules.vtkCommonCore import vtkCommand

from twin.clock import NS_PER_S, Clock
from twin.signals import Signal
from widgets.bridge import Bridge
from widgets.frame_times import FrameTimes
from widgets.gl_view import GlView

Button = Literal["left", "middle", "right"]
_BUTTONS: dict[Qt.MouseButton, Button] = {
    Qt.MouseButton.LeftButton: "left",
    Qt.MouseButton.MiddleButton: "middle",
    Qt.MouseButton.RightButton: "right",
}
_KEYS: dict[int, str] = {
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_PageUp: "PageUp",
    Qt.Key.Key_PageDown: "PageDown",
    Qt.Key.Key_Home: "Home",
}
_SOFTWARE_GL = ("llvmpipe", "softpipe", "swiftshader", "software", "gdi generic")
_SOFTWARE_INTERVAL_MS = 10
_HARDWARE_INTERVAL_MS = 16
#: After so many ticks in which nothing was wanted only one of so many is taken, until the person or
#: somebody who asks for a frame wakes the view.
_REST_TICKS, _REST_EVERY = 100, 4
_HOVER_INTERVAL_NS = NS_PER_S // 10
_DRAG_PX = 4
_WHEEL_STEP = 120
_LONGEST_STEP_S = 0.25


class PointerControls(Protocol):
    """What moves the camera. Positions are device pixels of the view, from its top left.

    What the methods return is taken as "a frame is wanted", except that of `release`.
    """

    def press(
        self, button: Button, x: float, y: float, *, shift: bool = False, ctrl: bool = False
    ) -> bool:
        """Take note that a button went down."""
        ...

    def move(self, x: float, y: float) -> bool:
        """Follow the pointer while a button is down."""
        ...

    def release(self) -> bool:
        """End a drag: all buttons are up."""
        ...

    def wheel(self, steps: float, x: float, y: float) -> bool:
        """Zoom to the pointer; positive = away from the person = closer to the city."""
        ...

    def double_click(self, x: float, y: float) -> bool:
        """Fly to what is under the pointer."""
        ...

    def key(self, name: str) -> bool:
        """Do what a key means: "Left", "PageUp", "Home", or its character ("F", "+", "[")."""
        ...

    def tick(self, dt_s: float) -> bool:
        """Go on with a flight or glide."""
        ...


class Viewport(QWidget):
    """One 3D view with its frame clock. GUI thread.

    Signals (positions: device pixels from the top left, as `PointerControls`)
    -------
    clicked((x, y))
        Left click without a drag.
    double_clicked((x, y))
    hovered((x, y) or None)
        The pointer rests somewhere else than before (at most ten a second); None = it left.
    menu_requested((x, y, QPoint))
        Right click without a drag, and where on the screen a menu would go.
    frame_drawn(float)
        Milliseconds the frame took.
    """

    def __init__(self, *, bridge: Bridge, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._clock = clock
        self._made_ns = clock.monotonic_ns()
        self._controls: PointerControls | None = None
        self._draw: Callable[[], bool] | None = None
        self._is_dirty = True
        self._n_idle = 0
        self._is_new = True
        self._is_closed = False
        self._pressed_at: QPointF | None = None
        self._is_drag = False
        self._hover: tuple[float, float] | None = None
        self._hover_is_new = False
        self._hover_told_ns = 0
        self._started_ns: int | None = None
        self._ticked_ns = clock.monotonic_ns()
        self.frame_times = FrameTimes()
        self.clicked: Signal[tuple[float, float]] = Signal()
        self.double_clicked: Signal[tuple[float, float]] = Signal()
        self.hovered: Signal[tuple[float, float] | None] = Signal()
        self.menu_requested: Signal[tuple[float, float, QPoint]] = Signal()
        self.frame_drawn: Signal[float] = Signal()
        self.gl_renderer = ""
        #: Whether a graphics card draws; known after the first frame.
        self.has_gpu = False
        self._view = self._make_view()
        self._observers = self._observe()
        self._stop_tick = bridge.every(_SOFTWARE_INTERVAL_MS, self._tick)

    def _make_view(self) -> GlView:
        view = GlView(self)
        view.setAcceptDrops(False)
        view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        view.setMinimumSize(QSize(160, 120))
        view.setAccessibleName("3D view of the city")
        view.installEventFilter(self)
        view.frameSwapped.connect(self._finish_frame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(view)
        self.setFocusProxy(view)
        return view

    def _observe(self) -> list[int]:
        window = self._view.render_window
        return [
            window.AddObserver(vtkCommand.StartEvent, self._begin_frame),
            window.AddObserver(vtkCommand.EndEvent, self._note_gl_once),
        ]

    @property
    def renderer(self) -> Any:
        """The vtkRenderer to draw in; belongs to this view."""
        return self._view.renderer

    @property
    def render_window(self) -> Any:
        """The vtkRenderWindow, None once closed."""
        return None if self._is_closed else self._view.render_window

    def set_controls(self, controls: PointerControls | None) -> None:
        """Who moves the camera."""
        self._controls = controls

    def set_draw(self, draw: Callable[[], bool] | None) -> None:
        """Bring the scene up to date, once a tick while shown; True when a frame is wanted."""
        self._draw = draw
        self.request_frame()

    def request_frame(self) -> None:
        """Draw a frame at the next tick. Cheap; as often as you like."""
        self._is_dirty = True
        self._n_idle = 0

    def send_key(self, name: str) -> None:
        """Let the controls do what a key does (for actions of the find box and menus)."""
        if self._controls is not None and self._controls.key(name):
            self.request_frame()

    def grab_image(self) -> QImage:
        """The view as it is now, device pixels."""
        return self.grab().toImage()

    def close_view(self) -> None:
        """Stop the frame clock and let go of everything in GL; once, before the window closes."""
        if self._is_closed:
            return
        self._stop_tick()
        self._view.removeEventFilter(self)
        self._view.frameSwapped.disconnect(self._finish_frame)
        for observer in self._observers:
            self._view.render_window.RemoveObserver(observer)
        self._is_closed = True
        self._controls = None
        self._draw = None
        self._view.finish()
        self._view.close()

    # ---- frames ----------------------------------------------------------------------------

    def _tick(self) -> None:
        self._n_idle += 1
        if self._n_idle > _REST_TICKS and self._n_idle % _REST_EVERY:
            return
        now_ns = self._clock.monotonic_ns()
        dt_s = min((now_ns - self._ticked_ns) / NS_PER_S, _LONGEST_STEP_S)
        self._ticked_ns = now_ns
        if not self.isVisible() or self.window().isMinimized():
            return
        self._tell_hover(now_ns)
        if self._controls is not None and self._controls.tick(dt_s):
            self._is_dirty = True
        if self._draw is not None and self._draw():
            self._is_dirty = True
        if self._is_dirty:
            self._is_dirty = False
            self._n_idle = 0
            self._view.update()

    def _begin_frame(self, _window: object, _event: str) -> None:
        if self._is_new:  # the very first frame is painted by Qt before the first tick
            self._is_new = False
            if self._draw is not None:
                self._draw()
        self._started_ns = self._clock.monotonic_ns()

    def _finish_frame(self) -> None:
        if self._started_ns is None:  # the window was put together again without a new picture
            return
        now_ns = self._clock.monotonic_ns()
        took_ms = (now_ns - self._started_ns) / 1e6
        self._started_ns = None
        self.frame_times.add(now_ns, took_ms, since_start_ms=(now_ns - self._made_ns) / 1e6)
        self.frame_drawn.emit(took_ms)

    def _note_gl_once(self, window: Any, _event: str) -> None:
        if self.gl_renderer:
            return
        for line in window.ReportCapabilities().splitlines():
            if "renderer string" in line:
                self.gl_renderer = line.split(":", 1)[1].strip()
        self.gl_renderer = self.gl_renderer or "unknown"
        self.has_gpu = not any(word in self.gl_renderer.lower() for word in _SOFTWARE_GL)
        if self.has_gpu:
            self._stop_tick()
            self._stop_tick = self._bridge.every(_HARDWARE_INTERVAL_MS, self._tick)

    # ---- pointer and keys ------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take pointer and key events from the VTK widget."""
        kind = event.type()
        self._n_idle = 0
        if isinstance(event, QMouseEvent):
            self._take_mouse(kind, event)
            return True
        if isinstance(event, QWheelEvent):
            x, y = self._pixels(event.position())
            if self._controls is not None:
                steps = event.angleDelta().y() / _WHEEL_STEP
                self._ask_frame_if(self._controls.wheel(steps, x, y))
            return True
        if isinstance(event, QKeyEvent) and kind == QEvent.Type.KeyPress:
            event.setAccepted(self._take_key(event))  # what is not ours goes on to the window
            return True
        if kind == QEvent.Type.KeyRelease:
            return True
        if kind in (QEvent.Type.Enter, QEvent.Type.Leave):
            if kind == QEvent.Type.Leave:
                self._hover, self._hover_is_new = None, True
            return True
        if kind == QEvent.Type.Gesture:
            return True
        return super().eventFilter(watched, event)

    def _ask_frame_if(self, wanted: bool) -> None:
        self._is_dirty = self._is_dirty or wanted

    def _take_key(self, event: QKeyEvent) -> bool:
        name = _KEYS.get(event.key(), event.text().upper())
        if not name or self._controls is None:
            return False
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        taken = self._controls.key(name)
        self._ask_frame_if(taken)
        return taken

    def _pixels(self, position: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def _take_mouse(self, kind: QEvent.Type, event: QMouseEvent) -> None:
        x, y = self._pixels(event.position())
        if kind == QEvent.Type.MouseButtonPress:
            self._press(event, x, y)
        elif kind == QEvent.Type.MouseButtonDblClick:
            if event.button() == Qt.MouseButton.LeftButton:
                self._is_drag = True  # the release that follows is no click
                if self._controls is not None:
                    self._ask_frame_if(self._controls.double_click(x, y))
                self.double_clicked.emit((x, y))
        elif kind == QEvent.Type.MouseMove:
            self._move(event, x, y)
        elif kind == QEvent.Type.MouseButtonRelease:
            self._release(event, x, y)

    def _press(self, event: QMouseEvent, x: float, y: float) -> None:
        button = _BUTTONS.get(event.button())
        if button is None:
            return
        self._pressed_at, self._is_drag = event.position(), False
        self._hover, self._hover_is_new = None, True
        if self._controls is not None:
            held = event.modifiers()
            shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
            ctrl = bool(held & Qt.KeyboardModifier.ControlModifier)
            self._ask_frame_if(self._controls.press(button, x, y, shift=shift, ctrl=ctrl))

    def _move(self, event: QMouseEvent, x: float, y: float) -> None:
        if event.buttons() == Qt.MouseButton.NoButton:
            self._hover, self._hover_is_new = (x, y), True
            return
        if self._pressed_at is None:
            return
        if (event.position() - self._pressed_at).manhattanLength() >= _DRAG_PX:
            self._is_drag = True
        if self._is_drag and self._controls is not None:
            self._ask_frame_if(self._controls.move(x, y))

    def _release(self, event: QMouseEvent, x: float, y: float) -> None:
        was_click = self._pressed_at is not None and not self._is_drag
        if event.buttons() == Qt.MouseButton.NoButton:
            self._pressed_at = None
            if self._controls is not None:
                self._controls.release()
        if was_click and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit((x, y))
        elif was_click and event.button() == Qt.MouseButton.RightButton:
            self.menu_requested.emit((x, y, event.globalPosition().toPoint()))

    def _tell_hover(self, now_ns: int) -> None:
        if self._hover_is_new and now_ns - self._hover_told_ns >= _HOVER_INTERVAL_NS:
            self._hover_is_new = False
            self._hover_told_ns = now_ns
            self.hovered.emit(self._hover)
