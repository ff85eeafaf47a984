"""The widget that VTK draws into: its picture, two at once, and their end."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete
from vtkmodules.vtkFiltersSources import vtkCubeSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from widgets.gl_view import GlView

pytestmark = pytest.mark.display


def view_of_a_cube(parent: QWidget, colour: tuple[float, float, float]) -> GlView:
    view = GlView(parent)
    source, mapper, actor = vtkCubeSource(), vtkPolyDataMapper(), vtkActor()
    mapper.SetInputConnection(source.GetOutputPort())
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*colour)
    actor.GetProperty().LightingOff()
    view.renderer.AddActor(actor)
    view.renderer.SetBackground(0.0, 0.0, 1.0)
    view.renderer.ResetCamera()
    return view


def colour_at(view: GlView, x_share: float, y_share: float) -> tuple[int, int, int]:
    image = view.grab().toImage()
    pixel = image.pixelColor(int(x_share * image.width()), int(y_share * image.height()))
    return pixel.red(), pixel.green(), pixel.blue()


def test_each_of_two_views_shows_its_own_and_the_other_survives_its_end(qtbot: QtBot) -> None:
    window = QWidget()
    layout = QHBoxLayout(window)
    red = view_of_a_cube(window, (1.0, 0.0, 0.0))
    green = view_of_a_cube(window, (0.0, 1.0, 0.0))
    layout.addWidget(red)
    layout.addWidget(green)
    window.resize(500, 250)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    assert colour_at(red, 0.5, 0.5) == (255, 0, 0)
    assert colour_at(green, 0.5, 0.5) == (0, 255, 0)
    assert colour_at(red, 0.02, 0.02) == (0, 0, 255)
    red.finish()
    red.finish()
    red.close()
    assert colour_at(green, 0.5, 0.5) == (0, 255, 0)
    window.resize(700, 350)
    assert colour_at(green, 0.02, 0.02) == (0, 0, 255)
    assert green.render_window.GetSize() == (green.width(), green.height())
    green.finish()


def test_a_frame_drawn_by_hand_reaches_the_widget(qtbot: QtBot) -> None:
    window = QWidget()
    view = view_of_a_cube(window, (1.0, 0.0, 0.0))
    view.resize(200, 200)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    assert colour_at(view, 0.02, 0.02) == (0, 0, 255)
    view.renderer.SetBackground(0.0, 1.0, 0.0)
    with qtbot.waitSignal(view.frameSwapped):
        view.render_window.Render()
    assert colour_at(view, 0.02, 0.02) == (0, 255, 0)
    view.finish()


def test_a_view_that_was_never_shown_ends_quietly(qtbot: QtBot) -> None:
    view = view_of_a_cube(QWidget(), (1.0, 0.0, 0.0))
    view.render_window.Render()  # draws nothing without a context
    view.finish()


def test_a_view_that_moves_to_another_window_goes_on(qtbot: QtBot) -> None:
    first, second = QWidget(), QWidget()
    for window in (first, second):
        QHBoxLayout(window)
        window.resize(200, 200)
        qtbot.addWidget(window)
    view = view_of_a_cube(first, (1.0, 0.0, 0.0))
    for window in (first, second, first):
        layout = window.layout()
        assert layout is not None
        layout.addWidget(view)
        with qtbot.waitExposed(window):
            window.show()
        assert colour_at(view, 0.5, 0.5) == (255, 0, 0)
        assert colour_at(view, 0.02, 0.02) == (0, 0, 255)
    view.finish()


def test_a_view_survives_the_move_to_another_window(qtbot: QtBot) -> None:
    first, second = QWidget(), QWidget()
    view = view_of_a_cube(first, (1.0, 0.0, 0.0))
    for window in (first, second):
        qtbot.addWidget(window)
        view.setParent(window)
        view.resize(200, 200)
        view.show()
        with qtbot.waitExposed(window):
            window.show()
        assert colour_at(view, 0.5, 0.5) == (255, 0, 0)
    view.finish()


def test_a_window_deleted_with_the_view_leaves_a_render_window_that_does_nothing(
    qtbot: QtBot,
) -> None:
    window = QWidget()
    view = view_of_a_cube(window, (1.0, 0.0, 0.0))
    with qtbot.waitExposed(window):
        window.show()
    assert colour_at(view, 0.5, 0.5) == (255, 0, 0)
    render_window = view.render_window
    delete(window)
    render_window.Render()
    render_window.Finalize()
    assert not render_window.IsCurrent()
