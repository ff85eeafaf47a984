"""Buttons that begin a batch for what is selected: "Command 6 signals…"."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from twin.session import ComposeRequest, TwinSession
from twin.target_sets import TargetSet, kinds_text, selected_sets
from widgets.parts.elided_button import ElidedButton

_MOST = 4


class SelectedSets(QWidget):
    """One button a kind of selected targets; hidden without any. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self.buttons: list[ElidedButton] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.hide()

    def follow(self) -> None:
        """Offer what is selected now."""
        for button in self.buttons:
            self._layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        sets = selected_sets(self._session)[:_MOST]
        self.buttons = [self._button(one) for one in sets]
        for button in self.buttons:
            self._layout.addWidget(button)
        self.setVisible(bool(self.buttons))

    def _button(self, one: TargetSet) -> ElidedButton:
        button = ElidedButton(f"Command {kinds_text(one.kind, len(one.ids))} selected…")
        request = ComposeRequest(target_ids=one.ids, title=one.title)
        button.clicked.connect(lambda _checked=False: self._session.compose(request))
        return button
