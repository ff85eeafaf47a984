"""Styles kept by name: in the scene file where there is one, else until the console closes."""

from __future__ import annotations

import dataclasses

from twin.city.scene_file import SceneFile
from twin.city.style import CityStyle, StyleError, style_from_table, table_from_style

TABLE = "style"


class NamedStyles:
    """The styles of one scene, in the order they were saved. GUI thread.

    Attributes
    ----------
    unread : one sentence for each style of the file that could not be understood; it stays there
    """

    def __init__(self, scene_file: SceneFile | None) -> None:
        self._file = scene_file
        self._styles: dict[str, CityStyle] = {}
        self._odd: list[object] = []
        self.unread: list[str] = []
        kept = [] if scene_file is None else scene_file.tables.get(TABLE, [])
        for table in kept if isinstance(kept, list) else [kept]:
            self._take(table)

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self._styles)

    @property
    def is_saved(self) -> bool:
        """Whether a file keeps them."""
        return self._file is not None and self._file.path is not None

    def style(self, name: str) -> CityStyle:
        """The style of a name.

        Raises
        ------
        KeyError
            There is none.
        """
        return self._styles[name]

    def put(self, name: str, style: CityStyle) -> CityStyle:
        """Keep a style under a name, in the place of one that has it.

        Raises
        ------
        StyleError
            The name is empty.
        SceneFileError
            The scene file cannot be written; the style is kept until the console closes.
        """
        if not name.strip():
            raise StyleError("Give the style a name")
        named = dataclasses.replace(style, name=name.strip())
        self._styles[named.name] = named
        self._write()
        return named

    def remove(self, name: str) -> None:
        """Forget a style.

        Raises
        ------
        SceneFileError
            The scene file cannot be written.
        """
        if self._styles.pop(name, None) is not None:
            self._write()

    def _take(self, table: object) -> None:
        try:
            style = _named(table)
        except StyleError as error:
            self.unread.append(str(error))
            self._odd.append(table)
        else:
            self._styles[style.name] = style

    def _write(self) -> None:
        if self._file is None:
            return
        tables = [table_from_style(style) for style in self._styles.values()]
        self._file.tables[TABLE] = [*tables, *self._odd]
        if self._file.path is not None:
            self._file.save()


def _named(table: object) -> CityStyle:
    if not isinstance(table, dict):
        raise StyleError("A style of the scene is no table")
    style = style_from_table(table)
    if not style.name:
        raise StyleError("A style of the scene has no name")
    return style
