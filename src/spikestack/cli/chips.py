"""``spikestack chips`` and ``spikestack map``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import Dt, Duration, File, Json
from .output import clean, console, emit, stdout_kept_for_json, table

__all__ = ["Chips", "chips", "compare_on", "map_"]

Chips = Annotated[
    str,
    typer.Option("--on", metavar="CHIP", help="As 'chips' lists them, or a .toml file of yours."),
]


def chips(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[CHIP]", show_default=False, help="All that is known of one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the chips: organisation, neurons, synapses, features; or all figures of one.

    What a chip holds is computed from its description. Every figure of a chip is shown with its
    unit, its source, and how it came about.
    """
    from ..chips.naming import chip_named

    if name is not None:
        chip = chip_named(name)
        if as_json:
            figures = {n: _plain(figure) for n, figure in chip.figures().items()}
            emit({"name": chip.name, "maker": chip.maker, "year": chip.year, "figures": figures})
        else:
            console().print(clean(chip.describe()), soft_wrap=True)
        return
    rows = _table()
    if as_json:
        emit(rows)
        return
    heads = ("chip", "maker, year", "organisation", "neurons", "synapses", "features")
    cells = [
        [r["name"], f"{r['maker']}, {r['year']}", r["organisation"], _short(r["neurons"]),
         _short(r["synapses"]), r["features"]]
        for r in rows
    ]  # fmt: skip
    page = console()
    page.print(table(heads, cells, right=("neurons", "synapses")))
    page.print("of one chip each; spikestack chips CHIP shows every figure and its source")


def _table() -> list[dict[str, Any]]:
    from ..chips import all_chips
    from ..chips.capacity import capacity

    rows = []
    for name, kind in all_chips().items():
        if not kind.complete:
            continue
        chip = kind()
        holds = capacity(chip)
        rows.append(
            {"name": name, "maker": chip.maker, "year": chip.year,
             "organisation": holds.organisation, "neurons": holds.neurons,
             "synapses": holds.synapses, "features": chip.features}
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["year"], row["name"]))


def _plain(figure: Any) -> dict[str, Any]:
    return {"value": figure.value, "unit": figure.unit, "grade": str(figure.grade),
            "source": figure.source, "note": figure.note}  # fmt: skip


def _short(number: float | None) -> str:
    if number is None:
        return "–"
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")):
        if number >= size:
            shown = number / (1e3 if unit == " k" else size)
            return f"{shown:.3g}{unit}"
    return f"{number:,.0f}"


def map_(
    network: File,
    on: Chips = "loihi",
    duration: Duration = 1000.0,
    dt: Dt = 1.0,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="PAGE", help="Write a page: the chip, core by core."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Map a network to a chip, run it there, and say what it takes, lasts and costs.

    What does not fit is said, with what to do about it. The network is a Python file, which is
    executed, or one that Spikestack saved.
    """
    from ..chips.naming import chip_named
    from .sources import load_network

    chip = chip_named(on)
    with stdout_kept_for_json(as_json):
        found = chip.run(load_network(network), duration, dt=dt)
        page = None if report is None else found.page(report)
    if as_json:
        bills = {name: found.bill(name) for name in chip.prices}
        emit(
            {
                "network": str(network), "chip": chip.name, "chips": found.chips_used,
                "cores": len(found.mapped.cores), "duration": found.duration,
                "hardware_seconds": found.hardware_seconds, "late_steps": found.late_steps,
                "counts": found.ledger.totals(),
                "energy": {
                    name: {"dynamic": dict(bill.dynamic), "static": bill.static,
                           "host": bill.host, "total": bill.total, "unpriced": bill.unpriced,
                           "scope": str(bill.prices.scope)}
                    for name, bill in bills.items()
                },
                "report": None if page is None else str(page),
            }
        )  # fmt: skip
        return
    print(clean(str(found.report())))
    if page is not None:
        console().print(clean(f"wrote {page}"), soft_wrap=True)


def compare_on(
    file: Path, on: str, task: str | None, limit: int | None, duration: float, dt: float,
    report: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """One network on several chips; what ``spikestack compare NET --on CHIPS`` does."""
    from ..chips.comparison import compare_chips
    from ..chips.naming import chips_named
    from .sources import load_network

    wanted = chips_named(on)
    with stdout_kept_for_json(as_json):
        network = load_network(file)
        samples, labels, drive = _samples(task, limit)
        found = compare_chips(
            network, wanted, samples, labels, drive=drive, duration=duration, dt=dt
        )
        page = None if report is None else found.page(report)
    if as_json:
        emit({"about": found.about, "each": found.each, "rows": found.plain(),
              "report": None if page is None else str(page)})  # fmt: skip
        return
    print(clean(str(found)))
    if page is not None:
        console().print(clean(f"wrote {page}"), soft_wrap=True)


def _samples(task: str | None, limit: int | None) -> tuple[Any, Any, str]:
    """Test samples of a task of the zoo, evenly from all of them."""
    if task is None:
        return None, None, "events"
    import numpy as np

    from ..zoo import task as task_of

    given = task_of(task)
    samples, labels = given.samples("test")
    if samples.ndim == 2:
        shape = (len(samples), given.input["steps"], samples.shape[1])
        samples = np.broadcast_to(samples[:, None], shape)
    if limit is not None and limit < len(labels):
        chosen = np.linspace(0, len(labels) - 1, limit).round().astype(np.int64)
        samples, labels = samples[chosen], labels[chosen]
    return samples, labels, given.input["drive"]
