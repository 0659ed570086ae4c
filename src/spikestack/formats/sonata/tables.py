"""The CSV files of node types and edge types."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import FileFormatError, ValidationError, shorten

__all__ = ["Types", "csv_text", "number_of", "read_types"]

_LARGEST = 1 << 26
#: What stands where a type has no value.
_ABSENT = {"", "NULL", "NONE", "None", "null", "nan", "NaN"}

Row = dict[str, str]


class Types:
    """The rows of a file of types, by population and id.

    Attributes
    ----------
    path
        The file.
    columns
        Names of its columns, without the id and the population.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], rows: dict[tuple[str, int], Row]):
        self.path, self.columns, self._rows = path, columns, rows

    def row(self, population: str, type_id: int) -> Row:
        """What a type says: column to text, without columns where it says nothing.

        Raises
        ------
        FileFormatError
            If there is no such type.
        """
        for key in ((population, type_id), ("", type_id)):
            if key in self._rows:
                return self._rows[key]
        raise FileFormatError(f"{self.path}: no type {type_id} for population {population!r}")


def read_types(path: Path, id_column: str) -> Types:
    """Read a file of types.

    Parameters
    ----------
    path
        The file.
    id_column
        ``"node_type_id"`` or ``"edge_type_id"``.

    Raises
    ------
    FileFormatError
        If it is no such table: a missing or doubled column, a row of another length, an id that is
        no whole number or stands there twice.
    """
    lines = _lines(path)
    if not lines:
        raise FileFormatError(f"{path}: is empty; a line of column names is needed")
    names = lines[0][1]
    if id_column not in names:
        raise FileFormatError(f"{path}: has no column {id_column!r}; it has {shorten(names)}")
    if len(set(names)) < len(names):
        raise FileFormatError(f"{path}: a column is named twice: {shorten(names)}")
    rows: dict[tuple[str, int], Row] = {}
    for number, fields in lines[1:]:
        if len(fields) != len(names):
            raise FileFormatError(
                f"{path}: line {number} has {len(fields)} fields, of {len(names)} columns"
            )
        row = {k: v for k, v in zip(names, fields) if v not in _ABSENT}
        try:
            type_id = int(row.pop(id_column, ""))
        except ValueError:
            raise FileFormatError(f"{path}: line {number} has no {id_column}") from None
        key = (row.pop("population", ""), type_id)
        if key in rows:
            raise FileFormatError(f"{path}: line {number}: the type {type_id} stands there twice")
        rows[key] = row
    return Types(path, tuple(n for n in names if n not in (id_column, "population")), rows)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The fields of each line that is not blank, with its number."""
    try:
        if path.stat().st_size > _LARGEST:
            raise FileFormatError(f"{path}: larger than {_LARGEST >> 20} MB")
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text), delimiter=" ", skipinitialspace=True, strict=True)
        found = []
        for fields in reader:
            while fields and not fields[-1]:
                fields.pop()
            if fields:
                found.append((reader.line_num, fields))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"{path}: is no table of types: {str(error)[:200]}") from None
    return found


def number_of(text: Any, where: str) -> float:
    """A number that stands in a table or in JSON.

    Raises
    ------
    ValidationError
        If it is none.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValidationError(where, f"got {shorten(text)}", "a number")
    try:
        return float(text)
    except (ValueError, OverflowError):
        raise ValidationError(where, f"got {shorten(text)}", "a number") from None


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table of types: one row for each mapping, ``NULL`` where it has no value."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=" ", lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_text(row.get(name)) for name in columns])
    return stream.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, float) else str(value)
