"""The demonstration from end to end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingExtraError
from ..recording import Recording
from ..run import run
from .encode import encode, input_counts
from .readout import Score, score
from .report import write_report
from .reservoir import DT, DURATION, features, reservoir

__all__ = ["main"]


def _digits(limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("the demo's images", "demo") from None
    images, labels = load_digits(return_X_y=True)
    return images[:limit], labels[:limit]


def main(
    out: Path, seed: int = 1, size: int = 1000, limit: int | None = None, threads: int | None = None
) -> dict[str, Any]:
    """Run the demonstration and write its report.

    Parameters
    ----------
    out
        Folder of the report, made if it is not there.
    seed
        Of the reservoir and of the splits.
    size
        Neurons of the reservoir.
    limit
        Use only so many images.
    threads
        For the simulation; the result does not depend on it.

    Returns
    -------
    dict
        ``"scores"``: name to list of accuracies; ``"report"``: the page's path; ``"seconds"``.
    """
    from rich.console import Console

    say, started = Console(stderr=True), time.perf_counter()
    images, labels = _digits(limit)
    say.print(f"{len(images)} scanned digits, each one trial of {DURATION:g} ms")
    trains = encode(images)
    scores = [
        score("raw pixels", images, labels, seed),
        score("input spike counts", input_counts(trains, *images.shape), labels, seed),
    ]
    results: dict[bool, Recording] = {}
    for recurrent, name in ((False, "reservoir, recurrence off"), (True, "reservoir")):
        say.print(f"simulating: {name}, {size} neurons")
        net = reservoir(trains, images.shape[1], size, recurrent, seed)
        results[recurrent] = run(net, DURATION, dt=DT, trials=len(images), threads=threads)
        scores.append(score(name, features(results[recurrent]), labels, seed))
    _table(scores)
    page = write_report(Path(out), images, labels, results[True], scores)
    seconds = time.perf_counter() - started
    say.print(f"report: {page}   ({seconds:.0f} s)")
    return {
        "scores": {s.name: list(s.accuracies) for s in scores},
        "report": str(page),
        "seconds": seconds,
    }


def _table(scores: list[Score]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Linear readout: test accuracy on a held-out quarter, five splits")
    table.add_column("read from")
    table.add_column("accuracy", justify="right")
    for item in scores:
        style = "bold" if item is scores[-1] else ""
        table.add_row(item.name, str(item), style=style)
    Console(stderr=True).print(table)
