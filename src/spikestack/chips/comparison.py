"""One network on several chips: what fits, how well it answers, its time and energy."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SpikestackError
from ..network.network import Network
from ..recording.page import write_page
from ..recording.tables import text_table
from .chip import Chip
from .figures import Grade
from .pricing import Bill
from .showing.comparison_page import comparison_page
from .showing.report import joules, seconds

__all__ = ["Comparison", "Row", "compare_chips"]

#: From the most to the least certain.
_GRADES = tuple(Grade)
#: What is tried where one chip does not do, and says so.
_CHIPS, _MORE = (2, 4, 8, 16), "more chips"
_HEADS = (
    "on", "accuracy", "neurons", "cores", "time", "energy", "dynamic", "prices",
    "least certain figure",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One network on one chip.

    Attributes
    ----------
    on
        The chip, or what else it is compared with.
    refused
        Why it cannot be had there; empty where it can.
    accuracy
        Share of samples named right; None without samples.
    neurons, cores, chips
        How many it takes.
    seconds
        Of an inference, or of the whole run; None where nothing is known.
    energy, dynamic
        J of an inference, or of the whole run, and what of it is dynamic; None if not known.
    partial
        Whether nothing is published of a part of its energy, which is then not in it.
    scope, grade
        What the prices cover, and the least certain of them.
    notes
        What one must know of it.
    """

    on: str
    refused: str = ""
    accuracy: float | None = None
    neurons: int | None = None
    cores: int | None = None
    chips: int | None = None
    seconds: float | None = None
    energy: float | None = None
    dynamic: float | None = None
    partial: bool = False
    scope: str = ""
    grade: str = ""
    notes: tuple[str, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """As text, for a table."""
        none = "–"
        share = none if self.accuracy is None else f"{100 * self.accuracy:.1f} %"
        whole = [none if n is None else f"{n:,}" for n in (self.neurons, self.cores)]
        time = none if self.seconds is None else seconds(self.seconds)
        sign = "> " if self.partial else ""
        cost = [none if e is None else sign + joules(e) for e in (self.energy, self.dynamic)]
        return (self.on, share, *whole, time, *cost, self.scope or none, self.grade or none)


@dataclass(frozen=True)
class Comparison:
    """What `compare_chips` gives.

    Attributes
    ----------
    rows
        One for each chip, in the order asked for; then those of other hardware.
    about
        What was run.
    each
        ``"inference"`` or ``"run"``: what times and energies are of.
    """

    rows: tuple[Row, ...]
    about: str
    each: str

    def __str__(self) -> str:
        fits = [row.cells() for row in self.rows if not row.refused]
        lines = [f"{self.about}; time and energy of one {self.each}", ""]
        lines += text_table(_HEADS, fits)
        refused = [row for row in self.rows if row.refused]
        lines += ["", *(f"not on {row.on}: {row.refused}" for row in refused)] if refused else []
        return "\n".join(lines)

    def plain(self) -> list[dict[str, Any]]:
        """Every row as plain data."""
        return [asdict(row) for row in self.rows]

    def page(self, path: str | os.PathLike[str], title: str | None = None) -> Path:
        """Write a page of one file; return where.

        Parameters
        ----------
        path
            Where to; replaced whole, or not at all.
        title
            What was run, by default.
        """
        return write_page(comparison_page(self, title), path)


def compare_chips(
    network: Network,
    chips: Sequence[Chip],
    samples: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    *,
    drive: str = "events",
    duration: Any = 1000.0,
    dt: Any = 1.0,
    variants: Mapping[str, Network] | None = None,
    others: Sequence[Row] = (),
    progress: bool | None = None,
) -> Comparison:
    """Run one network on several chips.

    Parameters
    ----------
    network
        The description. With samples it records ``v`` of one population, the readout.
    chips
        Where to; what does not fit on one of them is said in its row.
    samples, labels
        What the drive sends, (samples, steps, neurons), and the right answers; or neither: the
        network then runs once, for `duration`.
    drive
        Name of the `ExternalSpikes` that samples are fed to.
    duration, dt
        ms.
    variants
        By name of a chip, the network as trained for it: of frames, or of fewer bits.
    others
        Rows of other hardware.
    progress
        Whether to show a bar for each chip; by default on a terminal only.
    """
    rows = []
    for chip in chips:
        given = variants.get(chip.name, network) if variants else network

        def tried(on: Chip, given: Network = given) -> Row:
            if samples is None:
                return _of_run(on, given, duration, dt, progress)
            return _of_samples(on, given, samples, labels, drive, dt, progress)

        rows.append(_with_room(chip, tried))
    size = sum(p.size for p in network.populations.values())
    what = f"{size:,} neurons"
    what += f", {len(samples):,} samples" if samples is not None else f", {duration} ms"
    each = "run" if samples is None else "inference"
    return Comparison((*rows, *others), what, each)


def _with_room(chip: Chip, tried: Callable[[Chip], Row]) -> Row:
    """On one chip, or on as many as it takes."""
    try:
        return tried(chip)
    except SpikestackError as error:
        refused = error
    for many in _CHIPS if _MORE in str(refused) and chip.chips == 1 else ():
        try:
            return tried(chip.of_chips(many))
        except SpikestackError as error:
            if _MORE not in str(error):
                break
    return Row(chip.name, refused=str(refused))


def _of_run(chip: Chip, network: Network, duration: Any, dt: Any, progress: bool | None) -> Row:
    run = chip.run(network, duration, dt=dt, progress=progress)
    return _row(chip, run.mapped, run.chips_used, run.hardware_seconds, run.bill(), None)


def _of_samples(
    chip: Chip,
    network: Network,
    samples: np.ndarray,
    labels: np.ndarray | None,
    drive: str,
    dt: Any,
    progress: bool | None,
) -> Row:
    mapped = chip.map(network, dt)
    found = chip.infer(mapped, samples, drive, progress)
    right = None if labels is None else found.accuracy(labels)
    return _row(chip, mapped, found.run.chips_used, found.seconds, found.bill(), right)


def _row(
    chip: Chip, mapped: Any, chips: int, lasts: float, bill: Bill, accuracy: float | None
) -> Row:
    prices = bill.prices
    used = [*prices.energy.values(), *prices.static.values()]
    known = [figure.grade for figure in used if figure.value is not None]
    grade = max(known, key=_GRADES.index) if known else ""
    notes = list(mapped.quantised.notes)
    if bill.unpriced:
        notes.append(f"nothing is published of the energy of {', '.join(bill.unpriced)}")
    notes += map(str, mapped.violations)
    return Row(
        chip.name,
        accuracy=accuracy,
        neurons=sum(len(of) for of in mapped.core_of.values()),
        cores=len(mapped.cores),
        chips=chips,
        seconds=lasts or None,
        energy=bill.total if known else None,
        dynamic=sum(bill.dynamic.values()) if known else None,
        partial=bool(bill.unpriced),
        scope=str(prices.scope) if known else "",
        grade=str(grade),
        notes=tuple(notes),
    )
