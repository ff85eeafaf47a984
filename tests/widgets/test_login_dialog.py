"""The log-in: keyboard first, clear about what is wrong, and it forgets the password."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.twin.security.keys_rig import CHEAP, PASSWORD
from twin.clock import SystemClock
from twin.security.sealed import PasswordError, new_signer, opened
from widgets.bridge import Bridge
from widgets.login_dialog import LoginDialog


@pytest.fixture
def dialog(qtbot, request):
    """A dialog for ada and ben, whose keys lie here."""
    more = getattr(request, "param", {})
    sealed = {name: new_signer(name).seal(PASSWORD, CHEAP) for name in ("ada", "ben")}

    def unlock(person, password):
        if person not in sealed:
            raise PasswordError(f"The key of “{person}” is not on this workstation")
        return opened(sealed[person], password)

    bridge = Bridge(SystemClock())
    fields = {"people": ("ada", "ben"), "person": "", "is_drill": False} | more
    made = LoginDialog(
        hub="The Hague", workstation="desk-1", unlock=unlock, bridge=bridge, **fields
    )
    qtbot.addWidget(made)
    made.show()
    yield made
    bridge.close()


def _labels(dialog):
    from PySide6.QtWidgets import QLabel

    return [label.text() for label in dialog.findChildren(QLabel)]


def test_return_logs_in_and_the_password_is_forgotten(dialog, qtbot):
    dialog.person.setCurrentText("ben")
    qtbot.keyClicks(dialog.password, PASSWORD)
    qtbot.keyClick(dialog.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.signer is not None)
    assert dialog.signer.person_id == "ben"
    assert dialog.password.text() == ""
    assert not dialog.isVisible()


def test_a_wrong_password_is_said_and_can_be_typed_anew_at_once(dialog, qtbot):
    dialog.person.setCurrentText("ada")
    qtbot.keyClicks(dialog.password, "wrong password")
    qtbot.keyClick(dialog.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.message.text() == "The password of ada is wrong")
    assert dialog.password.selectedText()
    qtbot.keyClicks(dialog.password, PASSWORD)
    qtbot.keyClick(dialog.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.signer is not None)


def test_nothing_is_tried_without_person_and_password(dialog, qtbot):
    qtbot.keyClick(dialog.password, Qt.Key.Key_Return)
    assert dialog.message.text() == "Say who you are and your password"
    assert dialog.enter.isEnabled()


def test_somebody_whose_key_is_elsewhere_is_told_so(dialog, qtbot):
    dialog.person.setCurrentText("cy")
    qtbot.keyClicks(dialog.password, PASSWORD)
    qtbot.keyClick(dialog.password, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "is not on this workstation" in dialog.message.text())


def test_escape_leaves(dialog, qtbot):
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog.signer is None


@pytest.mark.parametrize("dialog", [{"person": "ben", "is_drill": True}], indirect=True)
def test_it_says_where_one_logs_in_and_that_it_is_a_drill(dialog):
    assert dialog.person.currentText() == "ben"
    assert "Hub “The Hague” · DRILL" in _labels(dialog)
    assert "This workstation is desk-1" in _labels(dialog)


@pytest.mark.parametrize("dialog", [{"people": ("ada",)}], indirect=True)
def test_the_only_person_is_chosen_already(dialog):
    assert dialog.person.currentText() == "ada"
