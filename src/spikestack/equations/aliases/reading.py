"""Other tools' parameter names at the door of a model: converted, with a hint, or explained."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import AliasHint, ValidationError, shorten
from ...units import DIMENSIONLESS, Unit, parse_unit
from ...values import Distribution, LogNormal, Value, as_value
from .tables import Computed, Fixed, Same, Table, tables

__all__ = ["read_aliases", "warn_once"]

_told: set[tuple[str, str, str]] = set()


def read_aliases(
    model: type,
    label: str,
    units: Mapping[str, Unit],
    given: Mapping[str, Any],
    beside: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Replace other tools' names among the parameters that a model was given.

    Parameters
    ----------
    model
        The model's class; its name and those of its bases are looked up.
    label
        The model, for messages.
    units
        What the model itself has: parameters and variables, with their units.
    given
        Name to value, as the user wrote it.
    beside
        What was given besides, such as a synapse's weight: looked at for names that mean another
        unit in the other tool, never changed.

    Returns
    -------
    dict
        The same under our names, with plain numbers converted to our units. Names that nobody
        knows are left for whoever checks names.

    Raises
    ------
    ValidationError
        If a quantity is given under two names, one that it is computed from is missing, a name has
        another place here, or a plain number stands beside other tools' names under a name that
        means another unit there.

    Warns
    -----
    AliasHint
        Once per name and process: what it was read as.
    """
    foreign = [name for name in given if name not in units]
    if not foreign:
        return dict(given)
    models = [cls.__name__ for cls in model.__mro__]
    read, hints = dict(given), []
    lines = [(name, *_line(models, name)) for name in foreign]
    # What is computed comes last, since what it needs may stand under another name, too.
    for name, table, line in sorted(lines, key=lambda told: isinstance(told[2], Computed)):
        if table is None:
            continue
        _refuse_elsewhere(models, label, name)
        if isinstance(line, Fixed):
            _check_fixed(label, table, name, line, read.pop(name))
        elif line.ours in units and (line.plain or not _is_plain(given[name])):
            value = _value(line, label, table, name, units, read)
            hints += _put(read, label, table, name, line, value, units)
    for table in {id(table): table for _, table, _ in lines if table is not None}.values():
        theirs = [name for name, told, _ in lines if told is table and name not in read]
        if theirs:
            _check_same_names(models, label, table, theirs, {**given, **(beside or {})})
    if hints:
        _warn(f"{label}: {', '.join(hints)}")
    return read


def _value(
    line: Same | Computed,
    label: str,
    table: Table,
    name: str,
    units: Mapping[str, Unit],
    read: dict[str, Any],
) -> Any:
    """The value in our unit; as it was given where it brings its own."""
    if isinstance(line, Computed):
        return _computed(line, label, table, name, units, read)
    value = read.pop(name)
    return _converted(line, units[line.ours], value, f"{label}.{name}") if line.unit else value


def _line(models: list[str], name: str) -> tuple[Table | None, Any]:
    for table in tables():
        for model in models:
            if name in (found := table.parameters.get(model, {})):
                return table, found[name]
            if name in table.elsewhere.get(model, {}):
                return table, None
    return None, None


def _refuse_elsewhere(models: list[str], label: str, name: str) -> None:
    for table in tables():
        for model in models:
            if name in table.parameters.get(model, {}):
                return
            if place := table.elsewhere.get(model, {}).get(name):
                raise ValidationError(
                    f"{label}, parameter", f"{name!r} ({table.tool}) has another place here", place
                )


def _is_plain(given: Any) -> bool:
    """Whether `given` is numbers without a unit."""
    if isinstance(given, LogNormal):
        return True
    if isinstance(given, Distribution):
        return any(_is_plain(getattr(given, name)) for name in given.quantities)
    return isinstance(given, int | float | np.number | np.ndarray | list | tuple) and not (
        hasattr(given, "to") or hasattr(given, "dim")
    )


def _converted(line: Same, ours: Unit, given: Any, where: str) -> Value:
    """The value in our unit."""
    theirs = parse_unit(line.unit)
    value = _scaled(as_value(given, theirs, where), theirs.scale / ours.scale)
    return value if line.factor == 1.0 else _scaled(value, line.factor)


def _scaled(value: Value, factor: float) -> Value:
    """`factor` times the value; a division where the factor is 1/n, so that 281 pF is 0.281 nF."""
    if factor == 1.0:
        return value
    if isinstance(value, Distribution):
        scaled = {
            name: _scaled(getattr(value, name), factor)
            for name in value.quantities
            if getattr(value, name) is not None
        }
        if isinstance(value, LogNormal):
            scaled["mu"] = value.mu + float(np.log(factor))
        return replace(value, **scaled)
    inverse = round(1 / factor)
    if inverse > 1 and abs(inverse * factor - 1) < 1e-12:
        return value / inverse
    return value * factor


def _put(
    read: dict[str, Any],
    label: str,
    table: Table,
    name: str,
    line: Same | Computed,
    value: Any,
    units: Mapping[str, Unit],
) -> list[str]:
    """Take a value under our name; what to say of it, if it was not said before."""
    ours, unit = line.ours, units[line.ours]
    if ours in read:
        raise ValidationError(
            f"{label}.{ours}",
            f"given twice: as {ours!r} and as {name!r} ({table.tool})",
            "one name for each quantity",
        )
    read[ours] = value
    if (label, table.tool, name) in _told:
        return []
    _told.add((label, table.tool, name))
    theirs = table.tool if line.unit in ("", "1") else f"{table.tool}, {line.unit}"
    in_ours = "" if unit.fits(DIMENSIONLESS) else f" {unit}"
    shown = f"{value:.6g}{in_ours}" if isinstance(value, float) else shorten(value)
    return [f"{name} ({theirs}) was read as {ours} = {shown}"]


def warn_once(key: tuple[str, str, str], text: str) -> None:
    """Warn with an `AliasHint`, unless that was done for `key` before: model, tool, name."""
    if key not in _told:
        _told.add(key)
        _warn(text)


def _warn(text: str) -> None:
    """Warn, blaming the first line outside of the package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("spikestack"):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, AliasHint, stacklevel=level)


def _computed(
    line: Computed,
    label: str,
    table: Table,
    name: str,
    units: Mapping[str, Unit],
    read: dict[str, Any],
) -> Value:
    where = f"{label}.{name}"
    missing = [need for need in line.needs if need not in read]
    if missing:
        raise ValidationError(
            where,
            f"{table.tool}'s {name} alone does not tell {line.ours}",
            f"{line.relation}: give {' and '.join(missing)} too",
            f"or give {line.ours}",
        )
    needs = [as_value(read[need], units[need], f"{label}.{need}") for need in line.needs]
    value = as_value(read.pop(name), parse_unit(line.unit), where)
    if any(isinstance(v, Distribution) for v in (value, *needs)):
        raise ValidationError(
            where, "a distribution", f"numbers: {line.relation}", f"give {line.ours} itself"
        )
    with np.errstate(all="ignore"):
        made = line.formula(np.asarray(value), *map(np.asarray, needs))
    return as_value(made if made.ndim else float(made), units[line.ours], f"{label}.{line.ours}")


def _check_fixed(label: str, table: Table, name: str, line: Fixed, given: Any) -> None:
    if as_value(given, DIMENSIONLESS, f"{label}.{name}") != line.value:
        raise ValidationError(
            f"{label}.{name}",
            f"{table.tool}'s {name} is {shorten(given)}",
            f"{label} is {table.tool}'s rule with {name} = {line.value:g}",
            line.otherwise,
        )


def _check_same_names(
    models: list[str], label: str, table: Table, theirs: list[str], given: Mapping[str, Any]
) -> None:
    """Refuse plain numbers that the tool whose names are used would read in another unit."""
    for model in models:
        for name, unit in table.same_names.get(model, {}).items():
            if name in given and _is_plain(given[name]) and np.any(np.asarray(given[name]) != 0):
                raise ValidationError(
                    f"{label}.{name}",
                    f"is in {unit or 'another unit'} in {table.tool}, whose {theirs[0]} stands "
                    "beside it, and not so here",
                    f"its unit in the text: {name}={_with_unit(given[name], unit)}",
                    "or our names throughout",
                )


def _with_unit(given: Any, unit: str) -> str:
    return repr(f"{given:g} {unit}") if isinstance(given, int | float) else f"'... {unit}'"
