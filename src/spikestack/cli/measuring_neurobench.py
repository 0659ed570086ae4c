"""``spikestack bench neurobench``: NeuroBench's tasks and metrics on networks of ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ..errors import MissingExtraError, ValidationError
from .measuring import chosen, several, shown
from .options import Json
from .output import clean, console, one_line, say, table
from .parts import part

__all__ = ["WORKLOADS", "neurobench"]

#: Networks of the zoo by the event set that they were trained on.
_OF_ZOO = {"nmnist": "nmnist-conv", "braille": "braille-delays", "braille-events": "braille-events"}
WORKLOADS = ("mackey-glass", "keywords", *_OF_ZOO)
_HEADS = ("workload", "seed", "score", "bytes", "act. sp.", "dense", "MACs", "ACs", "Hz", "s")

Workloads = Annotated[
    list[str] | None,
    several("--workload", "NAME", f"{', '.join(WORKLOADS)}; else all."),
]

Row = dict[str, Any]


def neurobench(
    workload: Workloads = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=30, metavar="N", help="Of what is trained here.")
    ] = 1,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, metavar="N", show_default="all",
                     help="Test samples of trained networks."),
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Run NeuroBench's tasks on networks of ours and measure them by its definitions.

    mackey-glass predicts a chaotic series from its own predictions (sMAPE, %). keywords learns six
    spoken digits and then four more from five examples each (accuracy, base and averaged over
    sessions; needs PyTorch). nmnist, braille and braille-events are test samples of event sets, by
    networks of the zoo (accuracy). Recordings are read from the folder that SPIKESTACK_DATA names;
    what needs them is skipped without.

    Bytes are the footprint, Hz the execution rate, s what it took. Operations are per inference:
    effective ones of spikes (ACs) and of values (MACs), and dense. With --json each row is one
    line, with all metrics.
    """
    part("spikestack.benchmarks.neurobench", "bench neurobench", "all")
    names = chosen("--workload", workload, WORKLOADS) or list(WORKLOADS)
    rows = shown(_rows(names, seeds, limit), as_json)
    if rows and not as_json:
        page = console()
        page.print(table(_HEADS, [_cells(row) for row in rows], right=_HEADS[1:]))
        for row in rows:
            if row["about"]:
                page.print(clean(row["about"]))


def _rows(names: list[str], seeds: int, limit: int | None) -> Iterator[Row]:
    for name in names:
        for seed in (None,) if name in _OF_ZOO else range(seeds):
            say(f"running {name}" + ("" if seed is None else f", seed {seed}") + " ...")
            started = time.perf_counter()
            try:
                row = _of_zoo(name, limit) if seed is None else _trained(name, seed)
            except (ValidationError, MissingExtraError) as error:
                say(f"skipped {name}: {one_line(error)}")
                break
            seconds = round(time.perf_counter() - started, 1)
            yield {"workload": name, "seed": seed, "seconds": seconds} | row


def _trained(name: str, seed: int) -> Row:
    from ..benchmarks import neurobench as workloads

    if name == "mackey-glass":
        made = workloads.forecast(seed)
        about = f"mackey-glass, seed {seed}: {made.flat:.1f} % if the mean is predicted all along"
        return {"score": "smape", "value": made.smape, "flat": made.flat, "about": about,
                "one_step": made.one_step, "metrics": made.measured.to_dict()}  # fmt: skip
    course = workloads.few_shot_digits(seed)
    after = [round(session.accuracy, 4) for session in course.sessions]
    new = [round(session.new, 4) for session in course.sessions]
    about = f"keywords, seed {seed}: sessions {after}, of these the new digits {new}"
    return {"score": "base / session average", "value": course.average, "base": course.base,
            "sessions": after, "new": new, "about": about,
            "metrics": course.measured.to_dict()}  # fmt: skip


def _of_zoo(name: str, limit: int | None) -> Row:
    from .. import zoo

    found = zoo.measured(_OF_ZOO[name], limit)
    return {"score": "accuracy", "value": found["accuracy"], "about": "",
            "network": _OF_ZOO[name], "metrics": found.to_dict()}  # fmt: skip


def _cells(row: Row) -> list[str]:
    metrics = row["metrics"]
    value = f"{row['value']:.1f} %" if row["score"] == "smape" else f"{100 * row['value']:.1f} %"
    if "base" in row:
        value = f"{100 * row['base']:.1f}, {value}"
    return [
        row["workload"],
        "–" if row["seed"] is None else str(row["seed"]),
        value,
        f"{metrics['footprint']:,.0f}",
        f"{metrics['activation_sparsity']:.3f}",
        *(_short(metrics[name]) for name in ("dense", "effective_macs", "effective_acs")),
        f"{metrics['execution_rate']:.3g}",
        f"{row['seconds']:.0f}",
    ]


def _short(value: float) -> str:
    return f"{value:.2e}".replace("e+0", "e") if value >= 1000 else f"{value:g}"
