"""What to save, how large and where: one small dialog for pictures, films, models and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from twin.signals import Signal

LEAST_PX = 16
_WIDTH_PX = 520
_MEGA = 1_000_000
_PAPER_DPI = 200
#: name, width and height in pixels; paper lies on its long side
_SIZES = (
    ("Full HD", 1920, 1080),
    ("4K", 3840, 2160),
    ("8K", 7680, 4320),
    ("Video wall", 16384, 8192),
    (f"A3 at {_PAPER_DPI} dpi", 3307, 2339),
    (f"A0 at {_PAPER_DPI} dpi", 9362, 6622),
)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file; ``suffix`` with its dot."""

    title: str
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForm:
    """What is asked.

    Attributes
    ----------
    title : sentence case, verb and object; also on the button
    about : one sentence on what goes into the file
    formats : the first is offered
    suggested : file that is offered; its folder is where the person saved last
    view_px : size of the 3D view, None = no size is asked
    most_px : largest width and height
    flights : for a film: what can be flown, "" = once around, else names of tours
    subjects : what it may be about: title and key; the first is offered
    """

    title: str
    about: str
    formats: tuple[Format, ...]
    suggested: Path
    view_px: tuple[int, int] | None = None
    most_px: int = 65_536
    flights: tuple[str, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChoice:
    """What the person chose; ``flight`` is the name of a tour, "" = once around.

    ``subject`` is the key of what it is to be about.
    """

    path: Path
    size_px: tuple[int, int] = (0, 0)
    flight: str = ""
    seconds: float = 0.0
    fps: int = 0
    subject: str = ""


class ExportDialog(QDialog):
    """Shown with `open`, so that the window goes on. GUI thread.

    Signals
    -------
    chosen(ExportChoice)
        The person pressed the button; everything is as it can be done.
    """

    def __init__(self, form: ExportForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = form
        self.chosen: Signal[ExportChoice] = Signal()
        self.setWindowTitle(form.title.rstrip("…"))
        self.setMinimumWidth(_WIDTH_PX)
        self._rows = QFormLayout()
        self._rows.setHorizontalSpacing(12)
        self._rows.setVerticalSpacing(8)
        self._make_subject()
        self._make_size()
        self._make_film()
        self._make_file()
        title = QLabel(self.windowTitle())
        title.setProperty("role", "title")
        about = _muted(form.about)
        self.note = _muted("")
        self._make_buttons()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        for part in (title, about, self._rows, self.note, self.buttons):
            if isinstance(part, QFormLayout):
                layout.addLayout(part)
            else:
                layout.addWidget(part)
        self.refresh()
        self.file.setFocus()

    # -- making -----------------------------------------------------------------------------

    def _make_subject(self) -> None:
        self.subject = QComboBox()
        self.subject.setAccessibleName("About")
        for title, key in self.form.subjects:
            self.subject.addItem(title, key)
        if self.form.subjects:
            self._rows.addRow("About", self.subject)

    def _make_size(self) -> None:
        self.presets, self.width_px, self.height_px = QComboBox(), QSpinBox(), QSpinBox()
        view = self.form.view_px
        if view is None:
            return
        self.presets.setAccessibleName("Usual sizes")
        self.presets.addItem("As the view", view)
        for title, width, height in _SIZES:
            if max(width, height) <= self.form.most_px:
                self.presets.addItem(title, (width, height))
        self.presets.addItem("Other", None)
        for box, value, name in (
            (self.width_px, view[0], "Width"),
            (self.height_px, view[1], "Height"),
        ):
            box.setRange(LEAST_PX, self.form.most_px)
            box.setGroupSeparatorShown(True)
            box.setAccessibleName(f"{name} in pixels")
            box.setValue(value)
            box.valueChanged.connect(lambda _value: self._note_size())
        self.presets.currentIndexChanged.connect(lambda _index: self._take_preset())
        self._rows.addRow(
            "Size", _in_row(self.presets, self.width_px, QLabel("×"), self.height_px, QLabel("px"))
        )

    def _make_film(self) -> None:
        self.flight, self.seconds, self.fps = QComboBox(), QDoubleSpinBox(), QSpinBox()
        if not self.form.flights:
            return
        for name in self.form.flights:
            self.flight.addItem(f"Tour “{name}”" if name else "Once around what is in view", name)
        self.seconds.setRange(1.0, 600.0)
        self.seconds.setDecimals(1)
        self.seconds.setValue(12.0)
        self.seconds.setSuffix(" s")
        self.fps.setRange(1, 60)
        self.fps.setValue(25)
        self.fps.setSuffix(" a second")
        self.flight.currentIndexChanged.connect(lambda _index: self.refresh())
        self.seconds.valueChanged.connect(lambda _value: self.refresh())
        self.fps.valueChanged.connect(lambda _value: self.refresh())
        self._rows.addRow("Flight", self.flight)
        self._rows.addRow("Length", self.seconds)
        self._rows.addRow("Frames", self.fps)

    def _make_file(self) -> None:
        self.format = QComboBox()
        for one in self.form.formats:
            self.format.addItem(f"{one.title} ({one.suffix})", one.suffix)
        self.format.currentIndexChanged.connect(lambda _index: self._take_format())
        if len(self.form.formats) > 1:
            self._rows.addRow("Format", self.format)
        self.file = QLineEdit(str(self.form.suggested))
        self.file.setAccessibleName("File")
        self.file.textChanged.connect(lambda _text: self.refresh())
        choose = QPushButton("Choose…")
        choose.setAutoDefault(False)
        choose.clicked.connect(lambda _checked=False: self._choose_file())
        self._rows.addRow("File", _in_row(self.file, choose))

    def _make_buttons(self) -> None:
        roles = QDialogButtonBox.ButtonRole
        self.buttons = QDialogButtonBox()
        self.save = QPushButton(self.form.title.rstrip("…"))
        self.save.setDefault(True)
        self.save.setProperty("role", "primary")
        leave = QPushButton("Leave it")
        leave.setAutoDefault(False)
        self.buttons.addButton(leave, roles.RejectRole)
        self.buttons.addButton(self.save, roles.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    # -- following --------------------------------------------------------------------------

    def choice(self) -> ExportChoice:
        """What the fields say; the file gets the ending of the format."""
        return ExportChoice(
            path=self._path(),
            size_px=(self.width_px.value(), self.height_px.value()),
            flight=self.flight.currentData() or "",
            seconds=self.seconds.value(),
            fps=self.fps.value(),
            subject=self.subject.currentData() or "",
        )

    def accept(self) -> None:
        """Tell the choice and close, unless it cannot be done."""
        self.refresh()
        if self.save.isEnabled():
            choice = self.choice()
            super().accept()
            self.chosen.emit(choice)

    def refresh(self) -> None:
        """Say what will come of it, and whether it can be done."""
        trouble = self._trouble()
        self.seconds.setEnabled(not self.flight.currentData())
        self.note.setText(trouble or self._outlook())
        self.save.setEnabled(not trouble)

    def _path(self) -> Path:
        text = self.file.text().strip()
        path = Path(text).expanduser()
        suffix = self.format.currentData()
        return path if not text or path.suffix.lower() == suffix else Path(f"{path}{suffix}")

    def _trouble(self) -> str:
        if not self.file.text().strip():
            return "Give the file a name"
        path = self._path()
        try:
            if path.is_dir():
                return f"There is a folder of this name: {path}"
            return "" if path.parent.is_dir() else f"There is no folder {path.parent}"
        except (OSError, ValueError):
            return "A file cannot have this name; give it a shorter one"

    def _outlook(self) -> str:
        parts = []
        if self.form.flights and not self.flight.currentData():
            parts.append(f"{round(self.seconds.value() * self.fps.value()):,} frames")
        if self.form.view_px is not None:
            size = self.width_px.value() * self.height_px.value() / _MEGA
            each = " each" if self.form.flights else ""
            parts.append(f"{size:,.1f} megapixels{each}")
        if self._path().exists():
            parts.append("the file that is there will be replaced")
        text = ", ".join(parts)
        return text[:1].upper() + text[1:]

    def _take_preset(self) -> None:
        size = self.presets.currentData()
        if size is not None:
            for box, value in ((self.width_px, size[0]), (self.height_px, size[1])):
                was = box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(was)
        self.refresh()

    def _note_size(self) -> None:
        size = (self.width_px.value(), self.height_px.value())
        known = [self.presets.itemData(index) for index in range(self.presets.count())]
        index = known.index(size) if size in known else len(known) - 1
        was = self.presets.blockSignals(True)
        self.presets.setCurrentIndex(index)
        self.presets.blockSignals(was)
        self.refresh()

    def _take_format(self) -> None:
        path = Path(self.file.text().strip())
        suffixes = {one.suffix for one in self.form.formats}
        if path.suffix.lower() in suffixes:
            self.file.setText(str(path.with_suffix(self.format.currentData())))
        self.refresh()

    def _choose_file(self) -> None:
        title = self.format.currentText()
        kind = f"{title.rsplit(' (', 1)[0]} (*{self.format.currentData()})"
        dialog = QFileDialog(self, self.windowTitle(), str(self._path().parent), kind)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # this dialog says so itself
        dialog.selectFile(self._path().name)
        dialog.fileSelected.connect(self.file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _in_row(*parts: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for part in parts:
        stretch = 1 if isinstance(part, (QLineEdit, QSpinBox, QComboBox)) else 0
        row.addWidget(part, stretch)
    return holder


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setProperty("role", "muted")
    return label
