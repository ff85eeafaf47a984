"""Who sits here: person and password, before a console with keys begins. Keyboard first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.errors import TwinError
from twin.security.sealed import Signer
from widgets.bridge import Bridge

#: (person's id, password) -> the opened key; raises `TwinError` with the sentence. On a worker.
Unlock = Callable[[str, str], Signer]


class LoginDialog(QDialog):
    """Asks until somebody is in or gives up. GUI thread.

    Parameters
    ----------
    people : ids whose keys lie on this workstation
    person : chosen at first, "" = the only one, or nobody
    is_drill : whether the hub is for drills

    Attributes
    ----------
    signer : the opened key, None until then
    """

    def __init__(
        self,
        *,
        hub: str,
        workstation: str,
        is_drill: bool,
        people: Sequence[str],
        person: str,
        unlock: Unlock,
        bridge: Bridge,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Log in")
        self.signer: Signer | None = None
        self._unlock, self._bridge = unlock, bridge
        self.person = QComboBox()
        self.person.setEditable(True)
        self.person.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.person.setAccessibleName("Person")
        self.person.addItems(list(people))
        self.person.setCurrentText(person or (people[0] if len(people) == 1 else ""))
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setAccessibleName("Password")
        self.message = QLabel()
        self.message.setProperty("role", "error")
        self.message.setWordWrap(True)
        self.message.setAccessibleName("What is wrong")
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.enter = QPushButton("Log in")
        self.enter.setProperty("role", "primary")
        self.enter.setDefault(True)
        self.enter.clicked.connect(lambda _checked=False: self._try())
        self._lay_out(hub, workstation, is_drill=is_drill)
        (self.password if self.person.currentText() else self.person).setFocus()

    def _lay_out(self, hub: str, workstation: str, *, is_drill: bool) -> None:
        title = QLabel(f"Hub “{hub}”" + (" · DRILL" if is_drill else ""))
        title.setProperty("role", "title")
        title.setTextFormat(Qt.TextFormat.PlainText)
        place = QLabel(f"This workstation is {workstation}")
        place.setProperty("role", "muted")
        place.setTextFormat(Qt.TextFormat.PlainText)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.addRow("Person", self.person)
        form.addRow("Password", self.password)
        leave = QPushButton("Leave")
        leave.setAutoDefault(False)
        leave.clicked.connect(lambda _checked=False: self.reject())
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(self.enter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        for label in (title, place):
            layout.addWidget(label)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addLayout(buttons)
        self.setMinimumWidth(400)

    def _try(self) -> None:
        person, password = self.person.currentText().strip(), self.password.text()
        if not person or not password:
            self._say("Say who you are and your password")
            (self.person if not person else self.password).setFocus()
            return
        self._set_busy(is_busy=True)
        self._bridge.run_job(
            lambda _progress: self._unlock(person, password),
            self._enter,
            self._refuse,
            title="Opening the key",
        )

    def _enter(self, signer: Signer) -> None:
        self.password.clear()
        self.signer = signer
        self.accept()

    def _refuse(self, error: BaseException) -> None:
        self._set_busy(is_busy=False)
        is_ours = isinstance(error, TwinError)
        self._say(str(error) if is_ours else "The key cannot be opened; the log says why")
        self.password.selectAll()
        self.password.setFocus()

    def _set_busy(self, *, is_busy: bool) -> None:
        for one in (self.person, self.password, self.enter):
            one.setEnabled(not is_busy)
        self.enter.setText("Opening the key …" if is_busy else "Log in")
        if is_busy:
            self._say("")

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
