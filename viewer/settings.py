"""What a person's console remembers between runs: theme, operator, window layouts."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings

from widgets.sounds import SOUND_MODES, SoundMode

#: Raised when docks change so much that an old layout would hide something.
LAYOUT_VERSION = 3
_THEMES = ("light", "dark")
_USUAL_VOLUME = 0.5


def settings_path() -> Path:
    """Where the settings of this person lie (an INI file)."""
    return user_config_path("civitwin", appauthor=False) / "console.ini"


class Settings:
    """Settings in one INI file; an absent or broken file means the defaults. GUI thread."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_path()
        self._store = QSettings(str(self.path), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """Name of the theme, "light" unless chosen otherwise."""
        name = self._text("look/theme")
        return name if name in _THEMES else _THEMES[0]

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("look/theme", name)

    @property
    def operator_name(self) -> str:
        """Name given last, "" for none."""
        return self._text("operator/name")

    @operator_name.setter
    def operator_name(self, name: str) -> None:
        self._store.setValue("operator/name", name)

    @property
    def department(self) -> str:
        """Department given last, "" for none."""
        return self._text("operator/department")

    @department.setter
    def department(self, name: str) -> None:
        self._store.setValue("operator/department", name)

    @property
    def sound_mode(self) -> SoundMode:
        """When a sound is played, "all" unless chosen otherwise."""
        found = self._text("sounds/mode")
        return found if found in SOUND_MODES else "all"

    @sound_mode.setter
    def sound_mode(self, mode: SoundMode) -> None:
        self._store.setValue("sounds/mode", mode)

    @property
    def sound_volume(self) -> float:
        """How loud, 0 … 1."""
        try:
            volume = float(self._text("sounds/volume"))
        except ValueError:
            return _USUAL_VOLUME
        return volume if 0.0 <= volume <= 1.0 else _USUAL_VOLUME

    @sound_volume.setter
    def sound_volume(self, volume: float) -> None:
        self._store.setValue("sounds/volume", f"{volume:.2f}")

    @property
    def history_folder(self) -> Path | None:
        """Folder of the history that is asked about the past, None = none was chosen."""
        name = self._text("history/folder")
        return Path(name) if name else None

    @history_folder.setter
    def history_folder(self, folder: Path | None) -> None:
        self._store.setValue("history/folder", "" if folder is None else str(folder))

    @property
    def workspace(self) -> str:
        """Id of the workspace shown last, "" for none."""
        return self._text("window/workspace")

    @workspace.setter
    def workspace(self, workspace_id: str) -> None:
        self._store.setValue("window/workspace", workspace_id)

    @property
    def geometry(self) -> QByteArray:
        """Place and size of the window, empty for none."""
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("window/geometry", value)

    def workspace_of(self, owner: str) -> str:
        """Id of the workspace that an operator left last, "" for none."""
        return self._text(f"{_layouts(owner)}/workspace")

    def set_workspace_of(self, owner: str, workspace_id: str) -> None:
        """Remember where an operator was."""
        self._store.setValue(f"{_layouts(owner)}/workspace", workspace_id)

    def layout(self, workspace_id: str, owner: str = "") -> QByteArray:
        """Docks of a workspace as an operator (or a role) left them, empty for none."""
        return self._bytes(f"{_layouts(owner)}/{workspace_id}")

    def set_layout(self, workspace_id: str, state: QByteArray, owner: str = "") -> None:
        """Remember the docks of a workspace."""
        self._store.setValue(f"{_layouts(owner)}/{workspace_id}", state)

    def floating(self, workspace_id: str, owner: str = "") -> str:
        """Where docks of a workspace float, as JSON; "" for none."""
        return self._text(f"{_layouts(owner)}/floating/{workspace_id}")

    def set_floating(self, workspace_id: str, text: str, owner: str = "") -> None:
        """Remember where docks of a workspace float."""
        self._store.setValue(f"{_layouts(owner)}/floating/{workspace_id}", text)

    def has_layouts(self, owner: str) -> bool:
        """Whether anything is kept for an operator or a role."""
        return any(key.startswith(f"{_layouts(owner)}/") for key in self._store.allKeys())

    def forget_layouts(self, owner: str = "") -> None:
        """Forget what is kept for an operator or a role."""
        self._store.remove(_layouts(owner))

    def views(self, city: str) -> str:
        """Bookmarks of a city without a scene file, as JSON; "" for none."""
        return self._text(f"views/{_key(city)}")

    def set_views(self, city: str, text: str) -> None:
        """Remember the bookmarks of a city without a scene file."""
        self._store.setValue(f"views/{_key(city)}", text)

    def open_views(self, city: str) -> str:
        """Further views of a city that were open at the end, as JSON; "" for none."""
        return self._text(f"open_views/{_key(city)}")

    def set_open_views(self, city: str, text: str) -> None:
        """Remember which further views of a city are open."""
        self._store.setValue(f"open_views/{_key(city)}", text)

    def watched(self, city: str) -> str:
        """Which values of a city are watched for anomalies, as JSON; "" for none."""
        return self._text(f"watched/{_key(city)}")

    def set_watched(self, city: str, text: str) -> None:
        """Remember which values of a city are watched."""
        self._store.setValue(f"watched/{_key(city)}", text)

    def save(self) -> bool:
        """Write to disk now; False when that is not possible (read-only folder, full disk)."""
        self._store.sync()
        return self._store.status() == QSettings.Status.NoError

    def _text(self, key: str) -> str:
        value = self._store.value(key, "")
        return value if isinstance(value, str) else ""

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()


def _key(title: str) -> str:
    """A title as part of a key: QSettings takes slashes for groups."""
    return title.replace("/", "_").replace("\\", "_") or "city"


def _layouts(owner: str) -> str:
    """Group of the layouts of an operator or a role."""
    return f"layout{LAYOUT_VERSION}/{_key(owner) if owner else 'anybody'}"
