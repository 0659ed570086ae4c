"""Chips of the user's in files: every number with unit, grade and source."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, SpikestackError, shorten
from .catalogue.generic import GenericChip
from .figures import Figure, Grade
from .pricing import Prices, Scope

__all__ = ["from_file"]

_LARGEST = 1 << 20
_TEXTS = ("name", "maker", "features")
_FIGURE = ("value", "unit", "grade", "source", "note")
_PARTS = ("energy", "static", "time")


def from_file(path: str | Path) -> GenericChip:
    """Read a chip from a TOML file.

    The file gives ``name``, ``maker``, ``year``, ``features``, ``mesh = [columns, rows]``,
    ``tile``, the figures that `GenericChip` takes, each a table with ``value``, ``unit``,
    ``grade``, ``source`` and, if wanted, ``note``, and ``[prices.NAME]`` with ``scope`` and tables
    ``energy``, ``static`` and ``time`` of such figures.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileFormatError
        If anything in it cannot be meant; says where.
    """
    path = Path(path)
    text = _text_of(path)
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileFormatError(f"{path}: is no TOML: {error}; see `from_file`") from error
    return _Reader(path, text).chip(data)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise FileFormatError(f"{path}: is larger than {_LARGEST:,} bytes")
        return path.read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, SpikestackError):
            raise
        raise FileFormatError(f"{path}: cannot be read: {error}; a text in UTF-8") from error


class _Reader:
    """Takes the file's data apart, and says where what is wrong stands."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def chip(self, data: Mapping[str, Any]) -> GenericChip:
        given: dict[str, Any] = {}
        for key, value in data.items():
            if key in _TEXTS:
                given["title" if key == "name" else key] = self._text(value, key)
            elif key in {"year", "tile"}:
                given[key] = self._whole(value, key)
            elif key == "mesh":
                given[key] = self._pair(value, key)
            elif key == "prices":
                given[key] = {n: self._prices(p, (key, n)) for n, p in
                              self._table(value, (key,)).items()}  # fmt: skip
            else:
                given[key] = self._figure(value, (key,))
        try:
            return GenericChip(**given)
        except SpikestackError as error:
            keys = [k for k in data if k in str(error)]
            where = self._where((keys[0],)) if keys else f"{self.path}"
            raise FileFormatError(f"{where}: {error}") from error

    def _prices(self, data: Any, keys: tuple[str, ...]) -> Prices:
        table = self._table(data, keys)
        parts: dict[str, dict[str, Figure]] = {}
        for key, value in table.items():
            if key in _PARTS:
                parts[key] = {n: self._figure(f, (*keys, key, n)) for n, f in
                              self._table(value, (*keys, key)).items()}  # fmt: skip
            elif key not in ("title", "scope"):
                self._refuse((*keys, key), "is not known", f"title, scope, {', '.join(_PARTS)}")
        scopes = {s.value: s for s in Scope}
        scope = table.get("scope", Scope.PER_TERM.value)
        if not isinstance(scope, str) or scope not in scopes:
            self._refuse((*keys, "scope"), f"is {shorten(scope)}", f"one of {sorted(scopes)}")
        title = self._text(table.get("title", keys[-1]), "title")
        try:
            return Prices(title, scopes[scope], parts.get("energy", {}), parts.get("static", {}),
                          parts.get("time", {}))  # fmt: skip
        except SpikestackError as error:
            raise FileFormatError(f"{self._where(keys)}: {error}") from error

    def _figure(self, data: Any, keys: tuple[str, ...]) -> Figure:
        if not isinstance(data, Mapping):
            self._refuse(keys, f"is {shorten(data)}", "a table with value, unit, grade and source")
        for key in data:
            if key not in _FIGURE:
                self._refuse((*keys, key), "is not known", f"one of {_FIGURE}")
        lacking = [k for k in ("unit", "grade", "source") if k not in data]
        if lacking:
            self._refuse(keys, f"has no {' and no '.join(lacking)}", "all of them for each number")
        value = data.get("value")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            self._refuse((*keys, "value"), f"is {shorten(value)}", "a number")
        grade, note = self._grade(data["grade"], keys), data.get("note", "")
        if not isinstance(note, str):
            self._refuse((*keys, "note"), f"is {shorten(note)}", "a text")
        try:
            number = None if value is None else float(value)
            return Figure(number, data["unit"], grade, data["source"], note)
        except (SpikestackError, OverflowError) as error:
            raise FileFormatError(f"{self._where(keys)}: {error}") from error

    def _grade(self, given: Any, keys: tuple[str, ...]) -> Grade:
        known = {g.name.lower(): g for g in Grade} | {g.value: g for g in Grade}
        if not isinstance(given, str) or given.lower() not in known:
            names = ", ".join(g.name.lower() for g in Grade)
            self._refuse((*keys, "grade"), f"is {shorten(given)}", f"one of {names}")
        return known[given.lower()]

    def _table(self, given: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self._refuse(keys, f"is {shorten(given)}", "a table")
        return dict(given)

    def _text(self, given: Any, key: str) -> str:
        if not isinstance(given, str) or not given.strip():
            self._refuse((key,), f"is {shorten(given)}", "a text")
        return str(given)

    def _whole(self, given: Any, key: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 10**6:
            self._refuse((key,), f"is {shorten(given)}", "a whole number")
        return int(given)

    def _pair(self, given: Any, key: str) -> tuple[int, int]:
        if not isinstance(given, list) or len(given) != 2:
            self._refuse((key,), f"is {shorten(given)}", "[columns, rows]")
        return self._whole(given[0], key), self._whole(given[1], key)

    def _refuse(self, keys: tuple[str, ...], problem: str, expected: str) -> None:
        raise FileFormatError(f"{self._where(keys)}: {problem}; {expected}")

    def _where(self, keys: tuple[str, ...]) -> str:
        line = _line_of(self.lines, keys)
        place = f", line {line}" if line else ""
        return f"{self.path}{place}, {'.'.join(keys)}"


def _line_of(lines: list[str], keys: tuple[str, ...]) -> int:
    """Line of the last of `keys` that can be found, each after the one before; 0 if none."""
    at = 0
    for key in keys:
        pattern = re.compile(rf'(^|[\s.\[{{,])"?{re.escape(key)}"?\s*[=.\]]')
        for number in range(max(at - 1, 0), len(lines)):
            if pattern.search(lines[number]):
                at = number + 1
                break
        else:
            return at
    return at
