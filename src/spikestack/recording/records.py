"""A mapping of records by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from ..errors import UnknownNameError
from .tables import printable

__all__ = ["Records"]

V = TypeVar("V")


class Records(Mapping[str, V], Generic[V]):
    """A read-only mapping that answers an unknown name with the nearest known ones.

    Parameters
    ----------
    where
        What the mapping holds, as an error message says it.
    items
        The records by name, in the order in which they are shown.
    """

    def __init__(self, where: str, items: Mapping[str, V]) -> None:
        self._where, self._items = where, dict(items)

    def __getitem__(self, name: str) -> V:
        try:
            return self._items[name]
        except (KeyError, TypeError):
            raise UnknownNameError(self._where, name, self._items) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __repr__(self) -> str:
        names = ", ".join(repr(name) for name in self._items)
        return f"<{printable(self._where)}: {names or 'none'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._items)
