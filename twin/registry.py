"""Adding a thing = adding one file: collect the one upper-case record of each module."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Record(Protocol):
    """What every registry record has."""

    @property
    def id(self) -> str:
        """Dotted, lower case, permanent."""
        ...


R = TypeVar("R", bound=Record)


class Registry(Generic[R]):
    """Records of one kind, by id, in the order of their modules' names."""

    def __init__(self, record_type: type[R]) -> None:
        self._record_type = record_type
        self._records: dict[str, R] = {}

    def load_all(self, package: str) -> Registry[R]:
        """Import each module of `package` and take its upper-case record(s).

        Raises
        ------
        RuntimeError
            Two records share an id, or the package holds none at all (an incomplete bundle).
        """
        root = importlib.import_module(package)
        for module_info in pkgutil.iter_modules(root.__path__):
            module = importlib.import_module(f"{package}.{module_info.name}")
            for name, value in vars(module).items():
                if name.isupper() and isinstance(value, self._record_type):
                    self._add(value, module=module.__name__)
        if not self._records:
            raise RuntimeError(f"The package {package} holds no {self._record_type.__name__}")
        return self

    def _add(self, record: R, *, module: str) -> None:
        known = self._records.get(record.id)
        if known is not None and known is not record:
            raise RuntimeError(
                f"Two {self._record_type.__name__} are called {record.id} ({module})"
            )
        self._records[record.id] = record

    def __iter__(self) -> Iterator[R]:
        return iter(tuple(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, record_id: str) -> R:
        return self._records[record_id]

    def get(self, record_id: str) -> R | None:
        """The record called `record_id`, or None."""
        return self._records.get(record_id)

    def ids(self) -> tuple[str, ...]:
        """All ids, sorted."""
        return tuple(sorted(self._records))
