"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SpikestackError, UnknownNameError

__all__ = [
    "Connectivity",
    "Dt",
    "Duration",
    "Engine",
    "File",
    "Json",
    "OptionalThreads",
    "Precision",
    "Seed",
    "Trials",
    "check_choice",
    "check_settings",
    "milliseconds",
    "moment",
]


def milliseconds(text: str) -> float:
    """Read a time such as ``"250"``, ``"250 ms"`` or ``"2s"``, in ms.

    Raises
    ------
    typer.BadParameter
        Unless it is a finite time above 0.
    """
    value = _in_ms(text)
    if not 0 < value < math.inf:
        raise typer.BadParameter(f"{text!r} is no time above 0, such as 250 or '2 s'")
    return value


def moment(text: str) -> float:
    """Read a time from 0 on, such as ``"0"`` or ``"2s"``, in ms.

    Raises
    ------
    typer.BadParameter
        Unless it is a finite time of at least 0.
    """
    value = _in_ms(text)
    if not 0 <= value < math.inf:
        raise typer.BadParameter(f"{text!r} is no time from 0 on, such as 250 or '2 s'")
    return value


def _in_ms(text: str) -> float:
    """The time in ms, NaN if it is none."""
    from ..units import magnitude, parse_unit

    try:
        value = magnitude(text, parse_unit("ms"), "time") if isinstance(text, str) else text
    except SpikestackError:
        return math.nan
    return float(value) if isinstance(value, int | float) else math.nan


File = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, help="A .py file, or a saved file.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
Duration = Annotated[
    float,
    typer.Option("--for", parser=milliseconds, metavar="MS", help="Time to simulate: 250, '2 s'."),
]
Dt = Annotated[
    float, typer.Option("--dt", parser=milliseconds, metavar="MS", help="Time step, in ms.")
]
OptionalThreads = Annotated[
    int | None,
    typer.Option("--threads", min=1, metavar="N", help="Threads; they never change the spikes."),
]
Precision = Annotated[
    str, typer.Option("--precision", metavar="P", help="float32 or float64, of the states.")
]
Trials = Annotated[
    int, typer.Option("--trials", min=1, metavar="N", help="Independent repetitions.")
]

Connectivity = Annotated[
    str,
    typer.Option("--connectivity", metavar="C", help="stored, or procedural: computed, not kept."),
]

Engine = Annotated[
    str, typer.Option("--on", metavar="ENGINE", help="cpu (compiled) or reference (NumPy).")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, metavar="N", help="Instead of the network's own."),
]


def check_choice(option: str, given: str, known: Callable[[], Iterable[str]]) -> None:
    """Raise typer.BadParameter unless `given` is one of `known`."""
    names = list(known())
    if given not in names:
        raise typer.BadParameter(str(UnknownNameError(option, given, names)))


def check_settings(on: str, precision: str) -> None:
    """Raise typer.BadParameter unless engine and precision are known."""
    from ..program.lower import PRECISIONS
    from ..simulation import ENGINES

    check_choice("--on", on, lambda: ENGINES)
    check_choice("--precision", precision, lambda: PRECISIONS)
