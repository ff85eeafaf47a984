"""Writes the exact values of a datastream in a span to a file that the person names."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QWidget

from widgets.bridge import JobProgress
from widgets.export_dialog import ExportChoice, ExportDialog, ExportForm, Format
from widgets.panel import PanelContext
from widgets.parts.past_spans import LocalSpan

_FORMATS = (Format("Table", ".csv"), Format("Parquet", ".parquet"))


class PastExport:
    """Asks for the file, and writes it on a worker. GUI thread.

    Attributes
    ----------
    dialog : the newest one, None = none yet
    """

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        self.dialog: ExportDialog | None = None
        self._session, self._bridge, self._parent = context.session, context.bridge, parent

    def ask(self, datastream: str, title: str, span: LocalSpan) -> None:
        """Ask for a file; ``title`` names the datastream for a person."""
        name = "".join(c if c.isalnum() else "-" for c in datastream)[:60]
        places = QStandardPaths.StandardLocation.DocumentsLocation
        usual = Path(QStandardPaths.writableLocation(places))
        folder = usual if usual.is_dir() else Path.home()
        form = ExportForm(
            title="Export the past…",
            about=f"Every value of {title}, {span.text()}, with its quality.",
            formats=_FORMATS,
            suggested=folder / f"{name}-{span.start:%Y-%m-%d}.csv",
        )
        self.close()
        dialog = self.dialog = ExportDialog(form, self._parent)
        dialog.chosen.connect(lambda choice: self._write(datastream, span, choice))
        dialog.open()

    def close(self) -> None:
        """Close the dialog; what is being written goes on."""
        if self.dialog is not None:
            self.dialog.close()

    def _write(self, datastream: str, span: LocalSpan, choice: ExportChoice) -> None:
        shelf, path = self._session.history, choice.path

        def work(tell: JobProgress) -> str:
            history = shelf.opened(tell)
            n = history.export(path, [datastream], span.start_ns, span.end_ns)
            return f"Saved {path.name}: {n:,} values, in {path.parent}"

        self._bridge.run_job(
            work,
            self._session.message.emit,
            lambda error: self._session.message.emit(f"It could not be saved: {error}"),
            title=f"Saving {path.name}",
            cancelled=lambda: self._session.message.emit(f"{path.name} was not saved"),
        )
