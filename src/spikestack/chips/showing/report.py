"""The report of a run on a chip: what fits where, how long it takes, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...recording.report import Report, Section
from ..ledger import COUNTERS

if TYPE_CHECKING:
    from ..running import ChipRun

__all__ = ["chip_report", "joules", "seconds"]

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def _prefixed(value: float, unit: str) -> str:
    if not np.isfinite(value):
        return "–"
    for size, prefix in _PREFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"0 {unit}" if value == 0 else f"{value:.3g} {unit}"


def joules(value: float) -> str:
    """An energy in J with a prefix."""
    return _prefixed(value, "J")


def seconds(value: float) -> str:
    """A time in s with a prefix."""
    return _prefixed(value, "s")


def chip_report(run: ChipRun) -> Report:
    """See `ChipRun.report`."""
    made = (_head(run), _time(run), _cores(run), _counts(run), _energy(run), _losses(run))
    return Report(tuple(section for section in made if section.lines or section.rows))


def _head(run: ChipRun) -> Section:
    chip, mapped = run.mapped.chip, run.mapped
    neurons = sum(len(of) for of in mapped.core_of.values())
    what = f"{run.duration:g} ms on {chip.name} ({chip.maker}, {chip.year})"
    held = (neurons, "neuron"), (len(mapped.cores), "core"), (run.chips_used, "chip")
    where = "{} on {} of {}".format(*(f"{n:,} {one}{'s' * (n != 1)}" for n, one in held))
    lines = [f"Report of {what}: {where}"]
    lines += [f"beyond what the chip does in its time: {v}" for v in mapped.violations]
    return Section((*lines, *mapped.quantised.notes))


def _time(run: ChipRun) -> Section:
    each, chip = run.step_seconds, run.mapped.chip
    rows = [("the run takes", seconds(run.hardware_seconds))]
    if np.isfinite(run.speedup):
        rows.append(("biological time by it", f"{run.speedup:.3g}"))
    if len(each) and each.any():
        rows += [("work of a step, mean", seconds(float(each.mean()))),
                 ("work of a step, most", seconds(float(each.max())))]  # fmt: skip
    if chip.step is not None:
        rows.append(("a step lasts", str(chip.step)))
        rows.append(("steps that take longer", f"{run.late_steps:,}"))
    late = max(run.late.values(), default=0)
    if late:
        rows.append(("the last layer is late by", f"{late} steps"))
    return Section((), ("time", ""), tuple(rows))


def _cores(run: ChipRun) -> Section:
    cores = run.mapped.cores
    limits = {v.counts: v for v in run.mapped.chip.limits if v.per == "core"}
    rows = []
    for name in cores[0].used if cores else ():
        used = np.array([core.used.get(name, 0.0) for core in cores])
        most = f"{limits[name].most.value:,.0f}" if name in limits else "–"
        rows.append((name, f"{used.mean():,.1f}", f"{used.max():,.0f}", most))
    return Section((), ("a core holds", "mean", "most", "limit"), tuple(rows))


def _counts(run: ChipRun) -> Section:
    rows = [(name, COUNTERS[name], f"{n:,}") for name, n in run.ledger.totals().items()]
    return Section((), ("counted", "what it is", "times"), tuple(rows), 2)


def _energy(run: ChipRun) -> Section:
    rows, lines = [], []
    for name, prices in run.mapped.chip.prices.items():
        bill = run.bill(name)
        events = sum(run.ledger.total(n) for n in COUNTERS if n.endswith(" events"))
        lines.append(f"{name}: {prices.title} ({prices.scope})")
        if bill.unpriced:
            lines.append(f"  nothing is published of: {', '.join(bill.unpriced)}")
        dynamic = sum(bill.dynamic.values())
        each = joules(bill.total / events) if events else "–"
        rows.append(
            (name, joules(dynamic), joules(bill.static), joules(bill.host), joules(bill.total),
             _prefixed(bill.power, "W"), each)
        )  # fmt: skip
    heads = ("prices", "dynamic", "static", "host", "in all", "power", "per synaptic event")
    return Section(tuple(lines), heads, tuple(rows))


def _losses(run: ChipRun) -> Section:
    rows = [
        (name, f"{loss.bits:g}", f"{100 * loss.error:.3g}", f"{100 * loss.greatest:.3g}",
         f"{100 * loss.vanished:.3g}")
        for name, loss in run.mapped.quantised.losses.items()
    ]  # fmt: skip
    heads = ("numbers of the chip", "bits", "error %", "greatest %", "vanished %")
    return Section((), heads, tuple(rows))
