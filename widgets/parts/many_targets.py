"""Many targets of one command: which they are, and leaving single ones out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.commanding import Target
from widgets.parts.wording import count_text

_IdRole = Qt.ItemDataRole.UserRole
_MOST_ROWS = 6
_ROW_PX = 24


class ManyTargets(QWidget):
    """A list with a tick each. GUI thread.

    Signals: ``changed()`` when one was left out or taken back; ``dropped()`` when the person wants
    a single target again.
    """

    changed = Signal()
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.single = QPushButton("One target instead")
        self.single.setProperty("role", "flat")
        self.single.clicked.connect(lambda _checked=False: self.dropped.emit())
        self.list = QListWidget()
        self.list.setAccessibleName("Targets of the batch")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemChanged.connect(lambda _item: self._follow())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.label)
        layout.addWidget(self.list)
        layout.addWidget(self.single, 0, Qt.AlignmentFlag.AlignLeft)

    def show_targets(self, targets: Sequence[Target], title: str) -> None:
        """Show other targets, all of them taken."""
        self._title = title
        was = self.list.blockSignals(True)
        self.list.clear()
        for target in targets:
            item = QListWidgetItem(target.name, self.list)
            item.setData(_IdRole, target.id)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
        self.list.blockSignals(was)
        self.list.setFixedHeight(min(len(targets), _MOST_ROWS) * _ROW_PX + 12)
        self._tell()

    def ids(self) -> tuple[str, ...]:
        """Ids of those that are taken."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(
            str(item.data(_IdRole)) for item in items if item.checkState() is Qt.CheckState.Checked
        )

    def title(self) -> str:
        """What is taken, for a person."""
        n = len(self.ids())
        return self._title if self._title and n == self.list.count() else count_text(n, "target")

    def _follow(self) -> None:
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        n, all_of = len(self.ids()), self.list.count()
        name = self._title or count_text(all_of, "target")
        self.label.setText(name if n == all_of else f"{n:,} of {name}")
