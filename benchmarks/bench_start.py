"""Start to first frame of the demo, against importing PySide6 + VTK and showing an empty window.

The bare side shows the same widget that the console uses (QOpenGLWidget through pyvistaqt); a
second yardstick, VTK's own native window, is given in the note.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result

N_RUNS = 5
LIMIT = 2.0

BARE_QT = """
from PySide6.QtWidgets import QApplication, QMainWindow
from pyvistaqt import QtInteractor
app = QApplication([])
window = QMainWindow()
window.resize(1920, 1080)
view = QtInteractor(window, auto_update=False)
window.setCentralWidget(view)
window.show()
app.processEvents()
view.render()
app.processEvents()
import sys
sys.path.insert(0, "")
from viewer.report import process_age_s
print(process_age_s())
view.close()
"""

BARE_VTK = """
from PySide6.QtWidgets import QApplication, QMainWindow
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.qt.QVTKRenderWindowInteractor import QVTKRenderWindowInteractor
from vtkmodules.vtkRenderingCore import vtkRenderer
app = QApplication([])
window = QMainWindow()
window.resize(1920, 1080)
view = QVTKRenderWindowInteractor(window)
view.GetRenderWindow().AddRenderer(vtkRenderer())
window.setCentralWidget(view)
window.show()
app.processEvents()
view.GetRenderWindow().Render()
app.processEvents()
import sys
sys.path.insert(0, "")
from viewer.report import process_age_s
print(process_age_s())
view.Finalize()
"""


def _bare_s(program: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    return float(done.stdout.split()[-1])


def _demo_s(folder: Path) -> float:
    report = folder / f"start-{time.monotonic_ns()}.json"
    command = [sys.executable, "-m", "viewer.cli", "demo", "--seconds", "1", "--report"]
    subprocess.run([*command, str(report)], capture_output=True, check=True, timeout=120)
    return float(json.loads(report.read_text())["first_frame_s"])


def run() -> list[Result]:
    """Alternate the sides; medians."""
    demo_s, qt_s, vtk_s = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        _bare_s(BARE_QT)  # warms the disk cache for all
        for _ in range(N_RUNS):
            qt_s.append(_bare_s(BARE_QT))
            vtk_s.append(_bare_s(BARE_VTK))
            demo_s.append(_demo_s(Path(folder)))
    demo, bare, native = (statistics.median(side) for side in (demo_s, qt_s, vtk_s))
    ratio = demo / bare
    return [
        Result(
            name="start.first_frame",
            value=round(demo, 2),
            unit="s",
            ratio=round(ratio, 2),
            limit=LIMIT,
            ok=ratio <= LIMIT,
            note=f"empty window in the same widget {bare:.2f} s, in VTK's own {native:.2f} s",
        )
    ]
