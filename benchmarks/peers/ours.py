"""``python -m benchmarks.peers.ours JOB.json``: what page.js does, in our own 3D view.

The window of the console's widget, the scene as the console uses it, nothing else. Prints one JSON
line of the same form as the peer.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

SETTLE_S = 120.0


def main(job_path: str) -> None:
    """Measure and print."""
    begun = time.perf_counter()
    job = json.loads(Path(job_path).read_text())
    from PySide6.QtWidgets import QApplication, QMainWindow

    from scenes.city_scene import CityScene
    from twin.clock import SystemClock
    from twin.theme import load_theme
    from twin.tiles import traversal
    from viewer.city_source import CityLoading, CitySource
    from widgets.bridge import Bridge
    from widgets.viewport import Viewport

    traversal.MOST_TIMES = 1.0  # the same detail on both sides: nothing is coarser far away
    app = QApplication(["benchmark"])
    clock = SystemClock()
    bridge = Bridge(clock)
    viewport = Viewport(bridge=bridge, clock=clock)
    window = QMainWindow()
    window.setCentralWidget(viewport)
    window.resize(job["width"], job["height"])
    scene = CityScene(
        viewport.renderer,
        theme=load_theme("light"),
        memory_bytes=job["cacheBytes"],
    )
    loaded = CityLoading(CitySource(path=Path(job["folder"]))).result()
    scene.set_city(loaded.asset, loaded.tiles, loaded.streams)
    window.show()
    app.processEvents()
    taker = _Taker(app, viewport, scene)
    out: dict[str, Any] = {"frames_ms": {}, "triangles": {}, "tiles": {}}
    for name, path in job["paths"].items():
        taker.look(path["poses"][0])
        complete = taker.settle()
        out.setdefault("first_view_ms", (time.perf_counter() - begun) * 1000)
        frames = []
        for pose in path["poses"]:
            taker.look(pose)
            if path["settled"]:
                taker.settle()
            frames.append(taker.frame(governed=job["governed"]))
        out["frames_ms"][name] = frames
        figures = scene.streamed.figures if scene.streamed else None
        out["triangles"][name] = figures.n_triangles if figures else 0
        out["tiles"][name] = figures.n_drawn if figures else 0
        out["complete"] = complete
    out["renderer"] = viewport.gl_renderer
    if job.get("screenshot"):
        viewport.grab_image().save(job["screenshot"])
    viewport.set_draw(None)
    scene.dispose()
    viewport.close_view()
    bridge.close()
    window.close()
    print(json.dumps(out), flush=True)


class _Taker:
    def __init__(self, app: Any, viewport: Any, scene: Any) -> None:
        from scenes.scene_input import SceneInput

        self._app, self._viewport, self._scene = app, viewport, scene
        self._given = SceneInput()

    def look(self, pose: dict[str, list[float]]) -> None:
        self._scene.camera.look_from(tuple(pose["eye"]), tuple(pose["target"]))

    def frame(self, *, governed: bool) -> float:
        """Update, draw, wait for the picture; milliseconds."""
        started = time.perf_counter()
        self._scene.update(self._given)
        window = self._viewport.render_window
        window.Render()
        window.WaitForCompletion()
        took_ms = (time.perf_counter() - started) * 1000
        if governed:
            self._scene.note_frame(took_ms)
        self._app.processEvents()
        return took_ms

    def settle(self) -> bool:
        """As the console does: draw what is new until everything the view wants is there."""
        end = time.perf_counter() + SETTLE_S
        calm = 0
        window = self._viewport.render_window
        while calm < 3 and time.perf_counter() < end:
            if self._scene.update(self._given):
                window.Render()
                window.WaitForCompletion()
                calm = 0
            else:
                calm = calm + 1 if self._scene.is_settled else 0
                time.sleep(0.002)
            self._app.processEvents()
        return calm >= 3


if __name__ == "__main__":
    main(sys.argv[1])
