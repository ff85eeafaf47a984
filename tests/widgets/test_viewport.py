"""The 3D view under a real window system: frames, pointer, keys, pictures, closing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
from pytestqt.qtbot import QtBot
from vtkmodules.vtkFiltersSources import vtkCubeSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from twin.clock import SystemClock
from widgets.bridge import Bridge
from widgets.viewport import Button, Viewport

pytestmark = pytest.mark.display


@dataclass
class ToldControls:
    """Notes what it is told."""

    told: list[tuple[object, ...]] = field(default_factory=list)
    moving: bool = False

    def press(
        self, button: Button, x: float, y: float, *, shift: bool = False, ctrl: bool = False
    ) -> bool:
        self.told.append(("press", button, x, y, shift, ctrl))
        return False

    def move(self, x: float, y: float) -> bool:
        self.told.append(("move", x, y))
        return True

    def release(self) -> bool:
        self.told.append(("release",))
        return False

    def wheel(self, steps: float, x: float, y: float) -> bool:
        self.told.append(("wheel", steps, x, y))
        return True

    def double_click(self, x: float, y: float) -> bool:
        self.told.append(("double", x, y))
        return True

    def key(self, name: str) -> bool:
        self.told.append(("key", name))
        return name in ("Left", "F", "+")

    def tick(self, dt_s: float) -> bool:
        assert 0 <= dt_s <= 0.25
        return self.moving

    def kinds(self) -> list[object]:
        return [entry[0] for entry in self.told]


@dataclass
class Shown:
    """A window with the view in it and a red cube in the view."""

    window: QMainWindow
    view: Viewport
    controls: ToldControls
    bridge: Bridge

    @property
    def gl(self) -> QLabel:
        return self.view.focusProxy()  # type: ignore[return-value]


@pytest.fixture
def shown(qtbot: QtBot) -> Iterator[Shown]:
    bridge = Bridge()
    view = Viewport(bridge=bridge, clock=SystemClock())
    cube = vtkCubeSource()
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(cube.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(1, 0, 0)
    actor.GetProperty().LightingOff()
    view.renderer.AddActor(actor)
    view.renderer.SetBackground(0, 0, 1)
    view.renderer.ResetCamera()
    controls = ToldControls()
    view.set_controls(controls)
    window = QMainWindow()
    window.setCentralWidget(view)
    window.resize(400, 300)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: view.frame_times.n_frames > 0, timeout=15_000)
    yield Shown(window, view, controls, bridge)
    view.close_view()
    bridge.close()
    window.close()


def settle(shown: Shown, qtbot: QtBot, ticks: int = 6) -> None:
    """Let some frame ticks pass."""
    passed: list[int] = []
    stop = shown.bridge.every(34, lambda: passed.append(1))
    qtbot.waitUntil(lambda: len(passed) >= ticks)
    stop()


def test_a_frame_is_drawn_and_the_picture_has_it(shown: Shown) -> None:
    picture = shown.view.grab_image()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    corner = picture.pixelColor(4, 4)
    assert (middle.red(), middle.blue()) == (255, 0)
    assert (corner.red(), corner.blue()) == (0, 255)
    whole = shown.window.grab().toImage()
    assert whole.pixelColor(whole.width() // 2, whole.height() // 2).red() == 255
    assert shown.view.frame_times.first_frame_ms is not None
    assert shown.view.frame_times.percentile_ms(50) is not None
    assert shown.view.gl_renderer
    assert shown.view.render_window.GetMultiSamples() == 0


def test_nothing_is_drawn_while_nothing_changes(shown: Shown, qtbot: QtBot) -> None:
    settle(shown, qtbot)
    before = shown.view.frame_times.n_frames
    settle(shown, qtbot, 10)
    assert shown.view.frame_times.n_frames == before


def test_many_wishes_are_one_frame(shown: Shown, qtbot: QtBot) -> None:
    settle(shown, qtbot)
    before = shown.view.frame_times.n_frames
    for _ in range(30):
        shown.view.request_frame()
    settle(shown, qtbot, 10)
    assert shown.view.frame_times.n_frames == before + 1


def test_draw_and_a_flight_ask_for_frames(shown: Shown, qtbot: QtBot) -> None:
    calls: list[int] = []
    shown.view.set_draw(lambda: bool(calls.append(1)))
    settle(shown, qtbot)
    assert calls
    shown.view.set_draw(None)
    settle(shown, qtbot)
    before = shown.view.frame_times.n_frames
    shown.controls.moving = True
    qtbot.waitUntil(lambda: shown.view.frame_times.n_frames >= before + 3)
    shown.controls.moving = False


def test_a_view_at_rest_ticks_slowly_and_wakes_at_a_touch(shown: Shown, qtbot: QtBot) -> None:
    calls: list[int] = []
    shown.view.set_draw(lambda: bool(calls.append(1)) and False)
    settle(shown, qtbot)
    shown.view._stop_tick()  # the test ticks by itself

    def looks(ticks: int) -> int:
        calls.clear()
        for _ in range(ticks):
            shown.view._tick()
        return len(calls)

    looks(150)
    assert looks(40) == 10
    qtbot.mousePress(shown.gl, Qt.MouseButton.LeftButton)
    assert looks(4) == 4
    looks(150)
    shown.view.request_frame()
    assert looks(4) == 4


def test_a_hidden_view_is_not_updated(shown: Shown, qtbot: QtBot) -> None:
    calls: list[int] = []
    shown.window.hide()
    shown.view.set_draw(lambda: bool(calls.append(1)))
    before = shown.view.frame_times.n_frames
    settle(shown, qtbot)
    assert calls == []
    assert shown.view.frame_times.n_frames == before


def test_an_overlay_costs_no_frame(shown: Shown, qtbot: QtBot) -> None:
    card = QLabel("0", shown.view)
    card.setAutoFillBackground(True)
    card.setGeometry(10, 10, 80, 20)
    card.show()
    settle(shown, qtbot)
    before = shown.view.frame_times.n_frames
    for i in range(5):
        card.setText(str(i))
        settle(shown, qtbot, 2)
    assert shown.view.frame_times.n_frames == before


def test_click_drag_and_double_click_are_told_apart(shown: Shown, qtbot: QtBot) -> None:
    clicks: list[tuple[float, float]] = []
    doubles: list[tuple[float, float]] = []
    shown.view.clicked.connect(clicks.append)
    shown.view.double_clicked.connect(doubles.append)
    left = Qt.MouseButton.LeftButton
    ratio = shown.view.devicePixelRatioF()
    qtbot.mouseClick(shown.gl, left, pos=QPoint(50, 60))
    assert clicks == [(50 * ratio, 60 * ratio)]
    qtbot.mousePress(shown.gl, left, pos=QPoint(50, 60))
    drag = [QPoint(53, 60), QPoint(90, 80)]
    for pos in drag:
        _move(shown, pos, left)
    qtbot.mouseRelease(shown.gl, left, pos=drag[-1])
    assert len(clicks) == 1, "a drag is no click"
    assert ("move", 90 * ratio, 80 * ratio) in shown.controls.told
    qtbot.mouseDClick(shown.gl, left, pos=QPoint(20, 20))
    assert doubles == [(20 * ratio, 20 * ratio)]
    assert shown.controls.kinds().count("double") == 1


def _move(shown: Shown, pos: QPoint, button: Qt.MouseButton) -> None:
    from PySide6.QtGui import QMouseEvent

    place = QPointF(pos)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        shown.gl.mapToGlobal(place),
        Qt.MouseButton.NoButton,
        button,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(shown.gl, event)


def test_right_click_asks_for_a_menu(shown: Shown, qtbot: QtBot) -> None:
    asked: list[tuple[float, float, QPoint]] = []
    shown.view.menu_requested.connect(asked.append)
    qtbot.mouseClick(shown.gl, Qt.MouseButton.RightButton, pos=QPoint(70, 80))
    assert len(asked) == 1
    assert asked[0][2] == shown.gl.mapToGlobal(QPoint(70, 80))


def test_modifiers_wheel_and_keys_reach_the_controls(shown: Shown, qtbot: QtBot) -> None:
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(shown.gl, Qt.MouseButton.MiddleButton, shift, QPoint(30, 40))
    pressed = next(t for t in shown.controls.told if t[0] == "press")
    assert pressed[1] == "middle"
    assert pressed[4:] == (True, False)
    place = QPointF(100, 90)
    wheel = QWheelEvent(
        place,
        shown.gl.mapToGlobal(place),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(shown.gl, wheel)
    assert shown.controls.told[-1][:2] == ("wheel", 2.0)
    for key, name in ((Qt.Key.Key_Left, "Left"), (Qt.Key.Key_F, "F"), (Qt.Key.Key_Plus, "+")):
        qtbot.keyClick(shown.gl, key)
        assert shown.controls.told[-1] == ("key", name)


def test_vtk_sees_no_pointer(shown: Shown, qtbot: QtBot) -> None:
    camera = shown.view.renderer.GetActiveCamera()
    before = camera.GetPosition()
    shown.view.set_controls(None)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(shown.gl, left, pos=QPoint(50, 60))
    _move(shown, QPoint(150, 160), left)
    qtbot.mouseRelease(shown.gl, left, pos=QPoint(150, 160))
    qtbot.keyClick(shown.gl, Qt.Key.Key_R)
    assert camera.GetPosition() == before


def test_hover_is_told_at_most_ten_times_a_second(shown: Shown, qtbot: QtBot) -> None:
    told: list[tuple[float, float] | None] = []
    shown.view.hovered.connect(told.append)
    for i in range(40):
        _move(shown, QPoint(10 + i, 20), Qt.MouseButton.NoButton)
    qtbot.waitUntil(lambda: len(told) == 1)
    ratio = shown.view.devicePixelRatioF()
    assert told == [(49 * ratio, 20 * ratio)]
    QApplication.sendEvent(shown.gl, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: told[-1] is None)


def test_closing_twice_is_harmless_and_stops_the_clock(shown: Shown, qtbot: QtBot) -> None:
    shown.view.close_view()
    shown.view.close_view()
    assert shown.bridge.n_timers == 0
    assert shown.view.render_window is None
    shown.view.request_frame()
    shown.view.send_key("F")
    shown.window.resize(500, 320)
    QApplication.processEvents()
