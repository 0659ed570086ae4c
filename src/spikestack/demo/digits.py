"""The demonstration from end to end."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingExtraError
from .camera import see, splits
from .chips import on_chips
from .learning import learn, simulate
from .network import WEIGHT_BITS, chip_reader
from .report import Report, write_report

__all__ = ["main"]

#: Test images that the simulation engine sees, too, and the digit that the figure shows.
_SIMULATED, _SHOWN = 50, 3


def main(
    out: str | Path = "demo-report",
    seed: int = 1,
    limit: int | None = None,
    epochs: int = 12,
    chips: str = "all",
) -> dict[str, Any]:
    """Run the demonstration and write its report.

    Parameters
    ----------
    out
        Folder of the report, made if it is not there.
    seed
        Of the camera, the weights and the splits.
    limit
        Use only so many images.
    epochs
        Passes over the training images.
    chips
        On which the trained network runs at last: names with commas between them, or ``"all"``.

    Returns
    -------
    dict
        ``"accuracy"`` on test images; ``"chips"``: a row for each; ``"report"``: the page's path;
        ``"seconds"`` by part.

    Raises
    ------
    MissingExtraError
        Without PyTorch, scikit-learn or matplotlib.
    """
    from rich.console import Console

    for needed in ("torch", "matplotlib.figure"):
        try:
            importlib.import_module(needed)
        except ImportError as error:
            raise MissingExtraError("the demo", "demo") from error
    say, seconds, started = Console(stderr=True), {}, time.perf_counter()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    say.print("an event camera looks at scanned digits")
    seen = see(limit, seed)
    seconds["camera"] = time.perf_counter() - started
    parts = splits(seen.labels, seed)
    steps = seen.steps()
    learned = learn(
        chip_reader(seed), steps, seen.labels, parts, epochs, seed, say, WEIGHT_BITS
    )  # fmt: skip
    seconds["training"] = learned.seconds
    first = parts[2][:_SIMULATED]
    run = simulate(learned.network, steps[:, first])
    named = np.asarray(run["digits", "v"].values).mean(1).argmax(1)
    same = int((named == learned.said[: len(first)]).sum())
    right = (named == seen.labels[first]) & (seen.labels[first] == _SHOWN)
    shown = int(np.argmax(right))
    began = time.perf_counter()
    compared = on_chips(learned.network, steps, seen.labels, parts, chips, say)
    seconds["chips"] = time.perf_counter() - began
    seconds["all"] = time.perf_counter() - started
    report = Report(seen, learned, parts, run, shown, len(first), same, seconds, compared)
    page = write_report(folder, report)
    compared.page(folder / "chips.html", "Digits on chips")
    print(compared)
    say.print(
        f"test accuracy {100 * report.right:.1f} %, after {learned.seconds:.0f} s of training"
    )
    say.print(f"report: {page}  ({seconds['all']:.0f} s)", markup=False, highlight=False,
              soft_wrap=True)  # fmt: skip
    return {
        "accuracy": report.right,
        "chips": compared.plain(),
        "report": str(page),
        "seconds": seconds,
    }
