"""The panels of tools and of bookmarks, without a scene."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from tests.widgets.panel_fixtures import context, layers, open_panel, world  # noqa: F401
from twin.analysis.finding import Curve, Finding, Row
from twin.analysis.pose import Pose
from twin.city.bookmarks import Bookmark
from widgets.tool_hint import ToolHint
from widgets.tool_list import ToolEntry


@dataclass(frozen=True)
class RulerState:
    """Settings as a tool declares them."""

    snap: bool = field(default=True, metadata={"help": "To corners"})
    height_m: float = field(
        default=2.0, metadata={"unit": "m", "min": 0.0, "max": 10.0, "help": "x"}
    )


def entry(tool_id, kind="pointer", **more):
    return ToolEntry(
        id=tool_id,
        title=tool_id.capitalize(),
        help="Help",
        icon="ruler",
        key="",
        kind=kind,
        state=RulerState(),
        **more,
    )


@pytest.fixture
def tools(context):  # noqa: F811
    context.tools.fill([entry("ruler"), entry("knife"), entry("lamp", "mode")])
    return context.tools


def test_buttons_switch_tools_and_settings_reach_them(tools, open_panel):  # noqa: F811
    panel = open_panel("tools")
    told = []
    tools.changed.connect(told.append)
    panel.buttons["ruler"].click()
    panel.buttons["lamp"].click()
    panel.buttons["knife"].click()
    assert [e.id for e in tools.entries if e.on] == ["knife", "lamp"]
    assert not panel.buttons["ruler"].isChecked()
    assert set(panel.sections) == {"knife", "lamp"}
    box = panel.sections["knife"].form.controls["snap"].editor
    box.setChecked(False)
    assert told[-1].state == RulerState(snap=False)
    assert tools.leave()
    assert tools.pointer is None
    assert set(panel.sections) == {"lamp"}


def test_results_are_shown_and_copied(tools, open_panel):  # noqa: F811
    panel = open_panel("tools")
    tools.switch("ruler", on=True)
    section = panel.sections["ruler"]
    assert section.copy.isHidden()
    finding = Finding(
        rows=(Row("Length", "12.50", "m"), Row("By", "a < b")), legend=(("seen", "#112233"),)
    )
    tools.show_finding("ruler", finding)
    assert "12.50" in section.rows.text()
    assert "a &lt; b" in section.rows.text()
    section.copy.click()
    assert QGuiApplication.clipboard().text() == "Length\t12.50\tm\nBy\ta < b"
    tools.show_failed("ruler", "broke")
    assert "ruler" not in panel.sections


def test_a_profile_is_plotted_and_its_cursor_tells_where_it_is(tools, open_panel, qtbot):  # noqa: F811
    panel = open_panel("tools")
    tools.switch("ruler", on=True)
    xyz = np.zeros((3, 3), np.float32)
    heights = {"Surface": np.array([1.0, 9.0, np.nan]), "Ground": np.array([1.0, 2.0, 3.0])}
    curve = Curve(distance_m=np.array([0.0, 5.0, 10.0]), heights_m=heights, xyz_local_m=xyz)
    tools.show_finding("ruler", Finding(curve=curve))
    plot = panel.sections["ruler"].plot
    assert not plot.isHidden()
    told = []
    tools.marker_moved.connect(told.append)
    widget = plot._plot
    view = widget.getPlotItem().vb
    qtbot.waitUntil(lambda: view.viewRange()[0][1] > 9.0)
    middle = view.mapViewToScene(view.viewRect().center())
    plot._follow(middle)
    assert told[-1] == pytest.approx(view.viewRect().center().x())
    plot._follow(middle * 1000.0)
    assert told[-1] is None


def test_the_hint_hides_without_words(qtbot):
    from PySide6.QtWidgets import QWidget

    over = QWidget()
    qtbot.addWidget(over)
    over.resize(400, 200)
    over.show()
    hint = ToolHint(over)
    hint.say("Click")
    assert hint.isVisible()
    assert abs(hint.geometry().center().x() - 200) <= 1
    over.resize(800, 200)
    assert abs(hint.geometry().center().x() - 400) <= 1
    hint.say("")
    assert hint.isHidden()


def bookmark(name):
    pose = Pose(focal_m=(0.0, 0.0, 0.0), distance_m=9.0, azimuth_rad=0.0, elevation_rad=1.0)
    return Bookmark(name=name, pose=pose)


def test_views_are_kept_ordered_forgotten_and_toured(context, open_panel):  # noqa: F811
    panel = open_panel("bookmarks")
    views = context.views
    assert panel.list.isHidden()
    taken, gone, played = [], [], []
    views.take_requested.connect(taken.append)
    views.go_requested.connect(gone.append)
    views.play_requested.connect(played.append)
    panel.name.setText("Harbour")
    panel.keep.click()
    assert taken == ["Harbour"]
    views.set_book(views.book)
    for name in ("Harbour", "Hall"):
        views.book.put(bookmark(name))
    assert [panel.list.item(k).text() for k in range(2)] == ["Harbour", "Hall"]
    panel.list.setCurrentRow(1)
    panel.order["Up"].click()
    assert [b.name for b in views.book.bookmarks] == ["Hall", "Harbour"]
    panel.list.itemActivated.emit(panel.list.item(0))
    assert gone == [bookmark("Hall")]
    panel.travel.setValue(3.0)
    panel.play.click()
    assert [(s.bookmark, s.travel_s) for s in played[0].stops] == [("Hall", 3.0), ("Harbour", 3.0)]
    views.show_tour("All views", share=0.5)
    assert panel.play.text() == "Pause"
    assert panel.progress.value() == 500
    views.show_tour("")
    panel.list.setCurrentRow(0)
    panel.order["Forget"].click()
    assert [b.name for b in views.book.bookmarks] == ["Harbour"]


def test_names_of_tools_are_not_cut_in_a_narrow_dock(open_panel, context) -> None:  # noqa: F811
    context.tools.fill([entry("section and clip box"), entry("before and after")])
    panel = open_panel("tools")
    panel.resize(244, 600)
    panel.grab()
    for button in panel.buttons.values():
        assert button.width() >= button.sizeHint().width()
