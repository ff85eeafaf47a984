"""The panel of incidents follows the cursor: a real hub, one console live, one that looks back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tests.twin.hub_rig import console, polled, running_hub, until
from tests.twin.watching_rig import Watching, watching
from twin.playbooks.library import bundled_playbook
from twin.room.parts.incidents import Incidents
from twin.theme import load_theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.panel import PanelContext
from widgets.panels.incidents import IncidentsPanel


def step_of(ben: Watching, step: str) -> Any:
    ben.session.poll()
    return ben.session.hub.room[Incidents].tasks.get(f"r/{step}")


def test_tasks_and_clocks_stand_as_they_stood_then(tmp_path: Path, qtbot: Any) -> None:
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        console(hub.addresses.control, tmp_path, "Ada", "police") as ada,
        watching(hub.addresses.control, tmp_path) as ben,
    ):
        until(lambda: "Ben" in {o.name for o in polled(ada).room.operators.values()})
        until(lambda: ben.live.room.seq or ben.session.poll())
        before_ns = ben.clock.now_ns()
        ada.act("incident.open", {"id": "i", "title": "Crash", "kind": "accident",
                                  "severity": "severe"})  # fmt: skip
        content = msgspec.to_builtins(bundled_playbook("road-accident"))
        ada.act("playbook.start", {"id": "r", "incident": "i", "playbook": content})
        until(lambda: step_of(ben, "patrol"))
        then_ns = ben.clock.now_ns()
        done = {"id": "r/patrol", "status": "done", "evidence": {"override": "By radio"}}
        ada.act("task.set", done)
        until(lambda: step_of(ben, "patrol").status == "done")

        bridge = Bridge(ben.clock.real)
        context = PanelContext(
            session=ben.session, bridge=bridge, theme=load_theme("light"), actions=ActionTable()
        )
        panel = IncidentsPanel(context)
        qtbot.addWidget(panel)
        panel.show_incident("i")
        tasks = panel.details.tasks

        def rows() -> list[str]:
            ben.session.poll()
            panel.refresh()
            return [str(tasks.model.index(r).data()) for r in range(tasks.model.rowCount())]

        assert "✓ Send a patrol" in rows()
        until(lambda: rows() and ben.live.may("incident.close", "i") is not None)
        ben.machine.seek(then_ns)
        asked = ben.live._permissions._known
        asked.clear()
        assert "Send a patrol" in rows()
        assert "✓ Send a patrol" not in rows()
        tasks.choose("r/patrol")
        assert tasks.card.title.text() == "Send a patrol"
        assert tasks.card.done.isEnabled()
        assert not asked, "nothing is asked about the past"
        ben.machine.seek(before_ns)
        rows()
        assert panel._faces.currentWidget() is panel._face, "nobody had opened it yet"
        assert panel.model.rowCount() == 0
        ben.machine.go_live()
        until(lambda: step_of(ben, "patrol") is not None)
        panel.show_incident("i")
        assert "✓ Send a patrol" in rows()
        panel.release()
        bridge.close()
