"""Everything that can be saved from a console, as named actions; nothing of it halts the window."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QWidget

from scenes.scene_input import SceneInput
from twin.city.bookmarks import BookmarkBook
from twin.errors import TwinError
from twin.export.chosen import chosen_of, table_rows
from twin.export.models import glb_of_pieces
from twin.export.sensors import rows_of_sensors, sensors_now
from twin.export.tables import TableRow, csv_of, geojson_of
from twin.playback.tape import Tape
from twin.session import TwinSession
from viewer.city_pane import CityPane
from viewer.city_source import CitySource
from viewer.export_child import run_drawing
from viewer.export_units import UnitRecording
from viewer.export_view import ShownView, orbit_film, pieces_of, shown_view, tour_film
from viewer.report_driver import ReportDriver
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge, JobProgress
from widgets.export_dialog import ExportChoice, ExportDialog, ExportForm, Format

GROUP = "Export"
PICTURE_MOST_PX = 65_536
FILM_MOST_PX = 4096
_PNG, _GLB = Format("PNG picture", ".png"), Format("glTF model", ".glb")
_CZML = Format("CZML", ".czml")
_TABLES = (Format("Table", ".csv"), Format("GeoJSON", ".geojson"))
_FILMS = (Format("Film, H.264", ".mp4"), Format("Animated picture", ".gif"))


class ExportDriver:
    """Asks what and where, and has it done by jobs and child processes. GUI thread.

    Parameters
    ----------
    window : dialogs lie over it
    pane : the view that the person works with
    book : bookmarks and tours of the scene
    theme : name of the present theme
    tape : what reports are made of, None = there is nothing
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        window: QWidget,
        source: CitySource,
        pane: Callable[[], CityPane],
        book: Callable[[], BookmarkBook],
        theme: Callable[[], str],
        tape: Tape | None = None,
    ) -> None:
        self._session, self._bridge, self._window = session, bridge, window
        self._source, self._pane, self._book, self._theme = source, pane, book, theme
        self._reports = None
        if tape is not None:
            self._reports = ReportDriver(session=session, tape=tape, source=source, saver=self)
        self._folder: Path | None = None
        self._recording: UnitRecording | None = None
        self.dialog: ExportDialog | None = None
        self._ended: ExportDialog | None = None

    def add_actions(self, table: ActionTable) -> None:
        """All that can be saved, by name."""
        for action_id, title, run in (
            ("export.picture", "Save picture…", self._ask_picture),
            ("export.film", "Save film…", self._ask_film),
            ("export.model", "Export selection as model (GLB)…", self._ask_model),
            ("export.table", "Export selection as table (CSV, GeoJSON)…", self._ask_table),
            ("export.sensors", "Export sensors (CSV, GeoJSON)…", self._ask_sensors),
        ):
            needs_rows = action_id in ("export.model", "export.table")
            enabled = self._has_rows if needs_rows else _always
            table.add(Action(id=action_id, title=title, group=GROUP, run=run, enabled=enabled))
        if self._reports is not None:
            self._reports.add_actions(table, GROUP)
        table.add(
            Action(
                id="export.units",
                title="Record units (CZML)…",
                group=GROUP,
                run=self._toggle_recording,
                checked=lambda: self._recording is not None,
            )
        )

    def close(self) -> None:
        """Write a recording that still runs, and let go."""
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.stop()
            try:
                recording.write()
            except OSError as error:
                self._tell_failure(error)
        if self.dialog is not None:
            self.dialog.close()

    # -- asking -------------------------------------------------------------------------------

    def ask(self, form: ExportForm, chosen: Callable[[ExportChoice], object]) -> None:
        """Show a form; `chosen` gets what the person chose."""

        def take(choice: ExportChoice) -> None:
            self._folder = choice.path.parent
            chosen(choice)

        if self.dialog is not None:
            self.dialog.close()
        dialog = self.dialog = ExportDialog(form, self._window)
        dialog.chosen.connect(take)
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self, _result: int) -> None:
        """Let go of a dialog that ended; its Python side must outlive Qt's own."""
        self._ended, self.dialog = self.dialog, None
        if self._ended is not None:
            self._ended.deleteLater()

    def suggested(self, what: str, suffix: str) -> Path:
        """A file that is not there yet, in the folder where the person saved last."""
        places = QStandardPaths.StandardLocation
        usual = QStandardPaths.writableLocation(places.DocumentsLocation)
        folder = self._folder or Path(usual)
        folder = folder if folder.is_dir() else Path.home()
        city = "".join(c if c.isalnum() else "-" for c in self._session.city.title).strip("-")
        name = "-".join(part for part in (city[:40].lower(), what) if part)
        number, path = 1, folder / f"{name}{suffix}"
        while path.exists():
            number += 1
            path = folder / f"{name}-{number}{suffix}"
        return path

    # -- pictures and films -------------------------------------------------------------------

    def _ask_picture(self) -> None:
        form = ExportForm(
            title="Save picture…",
            about="What the view shows now, with symbols, labels and legend, at any size.",
            formats=(_PNG,),
            suggested=self.suggested("view", _PNG.suffix),
            view_px=self._view_px(),
            most_px=PICTURE_MOST_PX,
        )
        self.ask(form, lambda choice: self._draw("snapshot", choice, self._shown(), []))

    def _ask_film(self) -> None:
        form = ExportForm(
            title="Save film…",
            about="A flight with the values, layers and colours of this moment.",
            formats=_FILMS,
            suggested=self.suggested("film", _FILMS[0].suffix),
            view_px=self._view_px(),
            most_px=FILM_MOST_PX,
            flights=("", *(tour.name for tour in self._book().tours)),
        )
        self.ask(form, self._film)

    def _film(self, choice: ExportChoice) -> None:
        tours = {tour.name: tour for tour in self._book().tours}
        try:
            if choice.flight:
                path, _bookmarks = self._book().path_of(tours[choice.flight])
                shown = tour_film(self._shown(), path, choice.fps)
            else:
                shown = orbit_film(self._shown())
        except TwinError as error:
            self._tell_failure(error)
            return
        further = ["--fps", str(choice.fps), "--seconds", str(choice.seconds)]
        self._draw("film", choice, shown, further)

    def _view_px(self) -> tuple[int, int]:
        width, height = self._pane().scene.stage.renderer.GetSize()
        return max(width, 16), max(height, 16)

    def _shown(self) -> ShownView:
        pane = self._pane()
        given = pane.driver.given or SceneInput()
        return shown_view(
            self._session, pane.scene, given, source=self._source, theme=self._theme()
        )

    def _draw(
        self, command: str, choice: ExportChoice, shown: ShownView, further: Sequence[str]
    ) -> None:
        width, height = choice.size_px

        def work(report: JobProgress) -> str:
            with tempfile.TemporaryDirectory(prefix="civitwin-export-") as folder:
                city = shown.arguments(Path(folder))
                size = ["--size", f"{width}x{height}", "-o", str(choice.path)]
                run_drawing([command, *city, *size, *further], report)
            return _saved(choice.path, f"{width:,} × {height:,} pixels")

        self.save(work, choice.path)

    # -- models and tables --------------------------------------------------------------------

    def _has_rows(self) -> bool:
        return bool(self._session.selection.rows)

    def _ask_model(self) -> None:
        n = len(self._session.selection.rows)
        form = ExportForm(
            title="Export model…",
            about=f"{_features(n)} as triangles in metres, with attributes as extras.",
            formats=(_GLB,),
            suggested=self.suggested("selection", _GLB.suffix),
        )
        self.ask(form, self._write_model)

    def _write_model(self, choice: ExportChoice) -> None:
        chosen = chosen_of(self._session.city.features, self._session.selection.rows)
        pieces = pieces_of(self._pane().scene)

        def work(_report: JobProgress) -> str:
            choice.path.write_bytes(glb_of_pieces(pieces, chosen))
            return _saved(choice.path, _features(len(chosen)).lower())

        self.save(work, choice.path)

    def _ask_table(self) -> None:
        n = len(self._session.selection.rows)
        form = ExportForm(
            title="Export table…",
            about=f"{_features(n)} with place, kind, height and all attributes.",
            formats=_TABLES,
            suggested=self.suggested("selection", _TABLES[0].suffix),
        )
        self.ask(form, self._write_table)

    def _write_table(self, choice: ExportChoice) -> None:
        chosen = chosen_of(self._session.city.features, self._session.selection.rows)
        self._write_rows(choice.path, lambda: table_rows(chosen))

    def _ask_sensors(self) -> None:
        n = len(self._session.observations.datastreams)
        form = ExportForm(
            title="Export sensors…",
            about=f"All {n:,} datastreams as they are now: value, unit, time, age and health.",
            formats=_TABLES,
            suggested=self.suggested("sensors", _TABLES[0].suffix),
        )
        self.ask(form, self._write_sensors)

    def _write_sensors(self, choice: ExportChoice) -> None:
        now = sensors_now(self._session.observations, self._session.clock.now_ns())
        self._write_rows(choice.path, lambda: rows_of_sensors(now))

    def _write_rows(self, path: Path, make: Callable[[], list[TableRow]]) -> None:
        origin = self._session.city.origin

        def work(_report: JobProgress) -> str:
            rows = make()
            if path.suffix == ".csv":
                path.write_text(csv_of(rows, origin), encoding="utf-8", newline="")
            else:
                path.write_bytes(geojson_of(rows, origin))
            return _saved(path, "1 row" if len(rows) == 1 else f"{len(rows):,} rows")

        self.save(work, path)

    # -- units --------------------------------------------------------------------------------

    def _toggle_recording(self) -> None:
        if self._recording is not None:
            self._end_recording("")
            return
        form = ExportForm(
            title="Record units…",
            about="Where all units are, second by second, until you choose this action again.",
            formats=(_CZML,),
            suggested=self.suggested("units", _CZML.suffix),
        )
        self.ask(form, self._begin_recording)

    def _begin_recording(self, choice: ExportChoice) -> None:
        try:
            self._recording = UnitRecording(
                self._session,
                self._bridge,
                choice.path,
                lambda: self._end_recording("The recording is full. "),
            )
        except TwinError as error:
            self._tell_failure(error)
            return
        self._session.message.emit(
            f"Units are being recorded. Choose “Record units” again to write {choice.path.name}"
        )

    def _end_recording(self, why: str) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.stop()
            self.save(lambda _report: why + recording.write(), recording.path)

    # -- doing --------------------------------------------------------------------------------

    def save(self, work: Callable[[JobProgress], str], path: Path) -> None:
        """Do it on a worker; what it says at the end is shown."""
        self._bridge.run_job(
            work,
            done=self._session.message.emit,
            failed=self._tell_failure,
            cancelled=lambda: self._session.message.emit(f"{path.name} was not saved"),
            title=f"Saving {path.name}",
        )

    def _tell_failure(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self._session.message.emit(f"It could not be saved: {reason}")


def _always() -> bool:
    return True


def _features(n: int) -> str:
    return "One feature" if n == 1 else f"{n:,} features"


def _saved(path: Path, what: str) -> str:
    """What lies where now, in one sentence."""
    size = path.stat().st_size
    text = f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
    return f"Saved {path.name}: {what}, {text}, in {path.parent}"
