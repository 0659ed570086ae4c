"""The demonstration from end to end."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import MissingExtraError
from ...machine import available_processors
from ...recording import Recording
from .encode import encode
from .network import DT, DURATION, counts, reservoir
from .readout import Score, score
from .report import Report, write_report

__all__ = ["main", "respond"]

#: The digit of the figure.
_SHOWN_DIGIT = 3


def main(
    out: str | Path = "demo-report",
    seed: int = 1,
    size: int = 1000,
    limit: int | None = None,
    threads: int | None = None,
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
        For the simulation, as many as there are processors by default; the result does not depend
        on it.

    Returns
    -------
    dict
        ``"scores"``: name to list of accuracies; ``"report"``: the page's path; ``"seconds"``.

    Raises
    ------
    MissingExtraError
        Without scikit-learn or matplotlib.
    """
    from rich.console import Console

    say, started = Console(stderr=True), time.perf_counter()
    images, labels = _digits(limit)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    say.print(f"{len(images):,} scanned digits, each a trial of {DURATION:g} ms")
    scores, result = _scored(images, labels, seed, size, threads, say)
    _print_table(say, scores)
    seconds = time.perf_counter() - started
    trial = int(np.argmax(labels == _SHOWN_DIGIT))
    page = write_report(folder, Report(images, labels, result, scores, trial, seconds))
    say.print(f"report: {page}  ({seconds:.0f} s)", markup=False, highlight=False, soft_wrap=True)
    return {
        "scores": {item.name: list(item.accuracies) for item in scores},
        "report": str(page),
        "seconds": seconds,
    }


def respond(
    images: np.ndarray, seed: int, size: int, recurrent: bool, threads: int | None = None
) -> Recording:
    """Show all images to one reservoir, each as a trial of its own.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C: half a run is nothing to score.
    """
    net = reservoir(encode(images), images.shape[1], size, recurrent, seed)
    workers = available_processors() if threads is None else threads
    result = net.run(DURATION, dt=DT, trials=len(images), threads=workers)
    if result.status != "complete":
        raise KeyboardInterrupt
    return result


def _scored(
    images: np.ndarray, labels: np.ndarray, seed: int, size: int, threads: int | None, say: Any
) -> tuple[list[Score], Recording]:
    """The comparisons and then the reservoir, and what the reservoir did.

    The square root evens out the variance of spike counts. On the development images it helps the
    reservoir and hurts pixels and input counts, which therefore go without.
    """
    pixels = images.astype(np.float64)
    say.print(f"reservoir of {size:,} neurons, its recurrent projections off")
    feedforward = np.sqrt(counts(respond(images, seed, size, False, threads)))
    say.print(f"reservoir of {size:,} neurons")
    result = respond(images, seed, size, True, threads)
    say.print("training the readouts")
    rows = [
        ("raw pixels", pixels, False),
        ("raw pixels, logistic regression", pixels, True),
        ("input spike counts", counts(result, ("pixels",)), False),
        ("reservoir without recurrence", feedforward, False),
        ("reservoir", np.sqrt(counts(result)), False),
    ]
    return [score(name, x, labels, seed, logistic) for name, x, logistic in rows], result


def _digits(limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    try:
        importlib.import_module("matplotlib.figure")
        datasets = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise MissingExtraError("the demo", "demo") from error
    images, labels = datasets.load_digits(return_X_y=True)
    return images[:limit], labels[:limit]


def _print_table(say: Any, scores: list[Score]) -> None:
    from rich.table import Table

    table = Table(title="Test accuracy of a linear readout", title_justify="left")
    table.add_column("read from")
    table.add_column("numbers", justify="right")
    table.add_column("mean ± sd, 5 splits", justify="right")
    for item in scores:
        style = "bold" if item is scores[-1] else ""
        table.add_row(item.name, f"{item.numbers:,}", str(item), style=style)
    say.print(table)
