"""``spikestack bench train``: how fast training steps are, here and in other libraries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..sizes import human_bytes
from .measuring import chosen, counts, program, several, shown
from .options import Json
from .output import clean, console, one_line, say, table
from .parts import part

__all__ = ["train"]

_HEADS = ("tool", "threads", "CPU (ms)", "wall (ms)", "step's peak", "CPU x", "wall x", "peak x")

Cases = Annotated[
    list[str] | None,
    several("--case", "NAME", "dense, wide, conv, adaptive, izhikevich; else all."),
]
Peers = Annotated[
    list[str] | None,
    several("--against", "PEERS", "snntorch, spikingjelly, norse, sinabs: measured after us."),
]
Python = Annotated[
    Path | None,
    typer.Option(
        "--peer-python", metavar="PATH", show_default="ours", help="A Python that has the peers."
    ),
]


def train(
    case: Cases = None,
    against: Peers = None,
    peer_python: Python = None,
    threads: Annotated[
        list[str] | None, several("--threads", "N", "Ours; several with commas, 1 always.", "1,2")
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", min=1, metavar="N", help="Steps, of which the least counts.")
    ] = 5,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small networks, to see that all runs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure training steps, forward and backward, on this machine's processor.

    CPU and wall milliseconds of a step, the least of several; the step's peak is how far resident
    memory rises above what it is at rest. What has an x is a multiple of ours on one thread. Beside
    us stand the matrix products alone, or a plain PyTorch loop of the same equations.

    --against measures other libraries on networks of the same size, each in a process of its own
    and on one thread, written as their tutorials do. --peer-python names a Python that has them.
    With --json each row is one line.
    """
    training = part("spikestack.benchmarks.training", "bench train", "train")
    part("torch", "bench train", "train")
    cases = chosen("--case", case, training.CASES) or list(training.CASES)
    peers = chosen("--against", against, training.PEERS)
    numbers = counts(threads) if threads else [1, 2]
    if 1 not in numbers:
        numbers = [1, *numbers]
    settings = training.TrainSettings(tuple(numbers), 1 if quick else repeat, quick)
    session = training.TrainSession(settings, lambda line: say(one_line(line)))
    python = sys.executable
    if peer_python is not None:
        python = str(program(peer_python, repr(str(peer_python))))
    rows = shown(session.rows(cases, peers, python), as_json)
    if rows and not as_json:
        _show(rows, training.CASES)
    if session.failed:
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]], cases: Any) -> None:
    page = console()
    for name in dict.fromkeys(row["case"] for row in rows):
        mine = [row for row in rows if row["case"] == name]
        size = ", ".join(f"{k} {mine[0][k]}" for k in ("steps", "batch"))
        page.print(clean(f"{name}: {cases[name].about}, {size}"), style="bold", soft_wrap=True)
        page.print(table(_HEADS, [_cells(row) for row in mine], right=_HEADS[1:]))
    loads = [row["load"] for row in rows if row["load"] is not None]
    load = f"; load of the machine {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    page.print(clean(f"least of {rows[0]['repeat']} steps{load}"))


def _cells(row: dict[str, Any]) -> list[str]:
    peak = row["peak_bytes"]
    return [
        row["tool"],
        str(row["threads"]),
        f"{row['cpu_ms']:.1f}",
        f"{row['wall_ms']:.1f}",
        "–" if peak is None else human_bytes(peak),
        *(_ratio(row[f"{what}_to_ours"]) for what in ("cpu", "wall", "peak")),
    ]


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
