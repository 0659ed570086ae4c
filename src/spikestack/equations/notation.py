"""Brian2's notation of equations, rewritten in ours where the meaning is the same.

What is read differently or does not exist is refused by name, with what to write instead. The
result is text in our own notation, which is then parsed, checked and stored as any other; nothing
is evaluated here either.

Source: Stimberg, Brette and Goodman 2019, eLife 8:e47314; https://brian2.readthedocs.io (2.9).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import EquationError, UnitError, shorten
from ..units import DIMENSIONLESS, magnitude, parse_unit
from .aliases.reading import warn_once
from .model import Parameter
from .parser import MAX_CHARACTERS, unit_of_text
from .rewriting import Rewriter

__all__ = [
    "Translation",
    "as_method",
    "is_foreign",
    "refractory_period",
    "split_flags",
    "translated",
    "with_units",
]

#: Units as Brian2 spells them in equations; ours are symbols.
_SPELLED = re.compile(
    r"\b(volt|amp|ampere|siemens|farad|second|ohm|hertz|metre|meter|coulomb|molar|integer|boolean"
    r"|bool)\b"
)
_END = re.compile(r":\s*([^():]*?)\s*(?:\(([^()]*)\))?\s*\Z")
_DECLARED = re.compile(r"([A-Za-z]\w*)\s*\Z")
_DEFINED = re.compile(r"(d\s*)?([A-Za-z]\w*)\s*(/\s*dt)?\s*=(?!=)(.*)\Z", re.S)
_UPDATE = re.compile(r"[A-Za-z]\w*\s*\[\s*t\s*\+\s*1\s*\]\s*=")
#: What equations of our notation define: dx/dt = ..., x[t+1] = ..., x = ...
_OURS = re.compile(r"^\s*(?:d(\w+)\s*/\s*dt|([A-Za-z]\w*)(?:\[t\s*\+\s*1\])?)\s*=", re.M)
_ASSIGN = re.compile(r"([A-Za-z]\w*)\s*([-+*/]?=)(?!=)(.*)\Z", re.S)

_ASSIGNING = ("reset", "after_arrivals")
_PERIOD = re.compile(r"([0-9.]+(?:[eE][-+]?[0-9]{1,3})?)\s*\*?\s*([A-Za-z]+)\Z")
_METHODS = ("exact", "linear", "exponential_euler")

_FLAGS = {
    "summed": "a sum over synapses is what a receptor does: sp.Synapse, and i_syn or its variable",
    "linked": "give the value itself, or connect the populations",
    "constant over dt": "write x[t+1] = ... : unit, which is brought up to date once a step",
    "event-driven": "equations of synapses are read by formats.brian2.synapses",
    "clock-driven": "equations of synapses are read by formats.brian2.synapses",
}
_ALLOWED = {"unless refractory": "ode", "constant": "parameter", "shared": "parameter"}


@dataclass
class Translation:
    """A model in our notation.

    Attributes
    ----------
    equations
        Differential equations, updates and shorthands.
    texts
        The other texts (threshold, reset, ...), by name.
    parameters
        What ``name : unit`` lines declare, at zero, as in Brian2.
    shared
        Those that all neurons have in common.
    clamped
        Variables that are ``(unless refractory)``; None where the text says nothing of it.
    """

    equations: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    clamped: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Line:
    kind: str  # "ode", "alias", "parameter", or "ours" for what is not Brian2's
    name: str
    expression: str
    unit: str
    flags: tuple[str, ...]


def is_foreign(equations: str) -> bool:
    """Whether a text is in Brian2's notation: a spelled unit, a flag, or a declared parameter."""
    if not isinstance(equations, str) or len(equations) > MAX_CHARACTERS or ":" not in equations:
        return False
    for raw in equations.replace(";", "\n").splitlines():
        line = raw.split("#", 1)[0].strip()
        end = _END.search(line)
        if end is None:
            continue
        before = line[: end.start()].strip()
        if end[2] is not None or _SPELLED.search(end[1]) or _DECLARED.match(before):
            return True
    return False


def split_flags(text: str, where: str) -> list[_Line]:
    """The lines of equations in Brian2's notation, each with its unit and flags.

    A line goes on until its unit is told, as there.
    """
    lines, pending = [], ""
    for raw in text.splitlines():
        pending = f"{pending} {raw.split('#', 1)[0].strip()}".strip()
        if end := _END.search(pending):
            lines.append(_line(pending[: end.start()].strip(), end[1], end[2] or "", where))
            pending = ""
    if pending:
        raise EquationError(
            where, f"no unit after {shorten(pending)}", "': volt', ': 1' or another unit"
        )
    return lines


def _line(before: str, unit: str, flags: str, where: str) -> _Line:
    told = tuple(flag.strip() for flag in flags.split(",") if flag.strip())
    if _UPDATE.match(before):
        return _Line("ours", "", f"{before} : {unit}", unit, ())
    if match := _DECLARED.match(before):
        return _Line("parameter", match[1], "", unit, told)
    match = _DEFINED.match(before)
    if not match or bool(match[1]) != bool(match[3]):
        # "d" may begin a plain name, as in "delta = ..."; then there is no "/dt".
        plain = _ASSIGN.match(before)
        if not plain or plain[2] != "=":
            raise EquationError(
                where, f"cannot read {shorten(before)}", "'dx/dt = ...', 'x = ...' or 'x : unit'"
            )
        return _Line("alias", plain[1], plain[3].strip(), unit, told)
    return _Line("ode" if match[3] else "alias", match[2], match[4].strip(), unit, told)


def translated(
    equations: str, texts: Mapping[str, str], names: Iterable[str], where: str, brian: bool
) -> Translation:
    """Rewrite a model's texts in our notation.

    Parameters
    ----------
    equations
        The equations as given.
    texts
        Threshold, reset and other texts, by name; reset and after_arrivals hold assignments.
    names
        Names that are defined elsewhere: parameters.
    where
        The model, for messages.
    brian
        Whether equations are in Brian2's notation; if not, only expressions are rewritten.

    Raises
    ------
    EquationError
        If something has no counterpart, with what to write instead.
    UnitError
        If a unit is unknown.
    """
    lines = _in_order(split_flags(equations, where), where) if brian else []
    _check_flags(lines, where)
    known = {*names, *(line.name for line in lines)}
    if not brian:
        known |= {name for pair in _OURS.findall(equations) for name in pair if name}
    flags = {line.name for line in lines if line.unit in ("boolean", "bool")}
    rewriter = Rewriter(known, flags, (equations, *texts.values()), brian)
    made = Translation(equations)
    if brian:
        _take_lines(made, lines, _assigned(texts), rewriter, where)
    else:
        made.equations = rewriter.lines(equations, where)
    for name, text in texts.items():
        rewrite = rewriter.lines if name in _ASSIGNING else rewriter.expression
        if text:
            made.texts[name] = rewrite(text, f"{where}.{name}")
    return made


def _assigned(texts: Mapping[str, str]) -> set[str]:
    """The names that resets and the like assign to."""
    parts = [
        part.strip() for name in _ASSIGNING for part in re.split(r"[;\n]", texts.get(name, ""))
    ]
    return {match[1] for part in parts if (match := _ASSIGN.match(part))}


def _take_lines(
    made: Translation, lines: list[_Line], assigned: set[str], rewriter: Rewriter, where: str
) -> None:
    """Write the equations and declare the parameters that the lines hold."""
    rows = []
    for line in lines:
        at = f"{where}, equation of {line.name}"
        if line.kind == "ours":
            rows.append(line.expression)
        elif line.kind != "parameter":
            text = rewriter.expression(line.expression, at)
            left = f"d{line.name}/dt" if line.kind == "ode" else line.name
            rows.append(f"{left} = {text} : {_unit(line, at)}")
        elif line.name in assigned:
            rows.append(f"{line.name}[t+1] = {line.name} : {_unit(line, at)}")
        else:
            made.parameters[line.name] = Parameter(0.0, _unit(line, at))
    made.equations = "\n".join(rows)
    made.clamped = tuple(line.name for line in lines if "unless refractory" in line.flags)
    made.shared = tuple(
        line.name for line in lines if "shared" in line.flags and line.name in made.parameters
    )


def _in_order(lines: list[_Line], where: str) -> list[_Line]:
    """Shorthands first, each after those that it uses; there, any order will do."""
    waiting = {line.name: line for line in lines if line.kind == "alias"}
    uses = {
        name: set(re.findall(r"[A-Za-z]\w*", line.expression)) & set(waiting) - {name}
        for name, line in waiting.items()
    }
    made: list[_Line] = []
    while waiting:
        ready = [name for name in waiting if not uses[name] & set(waiting)]
        if not ready:
            raise EquationError(where, f"{', '.join(waiting)} use each other", "no circles")
        made += [waiting.pop(name) for name in ready]
    return made + [line for line in lines if line.kind != "alias"]


def _check_flags(lines: list[_Line], where: str) -> None:
    problems, remedies = [], []
    for line in lines:
        for flag in line.flags:
            if _ALLOWED.get(flag) == line.kind:
                continue
            problems.append(f"{line.name} is ({flag})")
            remedies.append(_FLAGS.get(flag, "no flag of this kind of line is read so"))
    if problems:
        raise EquationError(
            where,
            ", ".join(problems),
            "(unless refractory) of differential equations, (constant) and (shared) of parameters",
            "; ".join(dict.fromkeys(remedies)),
        )


def refractory_period(given: Any, where: str) -> Parameter | None:
    """The period, if a refractory period was given as a time; None if by a parameter's name.

    Raises
    ------
    EquationError
        If it is neither, such as a condition.
    """
    if given is None or given is False:
        return Parameter(0.0, "ms")
    if isinstance(given, str):
        text = given.strip()
        if not text or _DECLARED.match(text):
            return None
        match = _PERIOD.match(text)
        if not match:
            raise EquationError(
                where,
                f"got {shorten(text)}",
                "the name of a parameter, or a time: '5 ms'",
                "a condition, or a random period, is written with a variable of your own",
            )
        given = f"{match[1]} {match[2]}"
    period = magnitude(given, parse_unit("ms"), where)
    if not isinstance(period, float):
        raise EquationError(where, f"got {shorten(given)}", "one time for all; or a parameter")
    return Parameter(period, "ms", low=0.0)


def as_method(given: Any, label: str) -> Any:
    """Our name of a method of integration, with a hint where Brian2's was given."""
    if given not in _METHODS:
        return given
    warn_once(
        (label, "Brian2", str(given)), f"{label}: method={given!r} (Brian2) was read as 'auto'"
    )
    return "auto"


def with_units(
    given: Mapping[str, Parameter], declared: Mapping[str, Parameter], label: str
) -> dict[str, Parameter]:
    """Parameters with values, in the units that the equations declare for some of them.

    Raises
    ------
    UnitError
        If a value is in a unit of another dimension.
    """
    made = dict(given)
    for name in set(given) & set(declared):
        value, unit = given[name], declared[name].parsed_unit(label)
        told = value.parsed_unit(f"{label}.{name}")
        if told.fits(unit):
            continue
        if not told.fits(DIMENSIONLESS):
            raise UnitError(f"{label}.{name}", f"got a value in {told}", f"a value in {unit}")
        made[name] = replace(value, unit=declared[name].unit)
    return made


def _unit(line: _Line, where: str) -> str:
    """The unit in our symbols: a potential in volt is kept in mV."""
    text = line.unit.strip()
    if text in ("integer", "boolean", "bool", "1"):
        return "1"
    unit = unit_of_text(text, where)
    if unit.fits(parse_unit("Hz")) and line.kind != "ode":
        return "Hz"
    return unit.coherent if _SPELLED.search(text) else text
