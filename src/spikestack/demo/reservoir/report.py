"""The report: one self-contained page, written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import numpy as np

from ...recording import Recording
from ..page import document, paragraph, picture, png, table, write
from .encode import SHOWN
from .figures import accuracy_figure, raster_figure
from .network import DEFAULTS, DT, DURATION
from .readout import Score

__all__ = ["Report", "page", "write_report"]


@dataclass(frozen=True)
class Report:
    """What the page tells of: images and labels, the run, the scores, the trial shown, the time."""

    images: np.ndarray
    labels: np.ndarray
    result: Recording
    scores: list[Score]
    trial: int
    seconds: float


def write_report(out: Path, report: Report) -> Path:
    """Write ``index.html``, ``raster.png`` and ``accuracy.png`` to `out`.

    Parameters
    ----------
    out
        An existing folder.
    report
        What to tell.

    Returns
    -------
    pathlib.Path
        The page, which needs none of the other files.
    """
    k = report.trial
    raster = png(raster_figure(report.images[k], int(report.labels[k]), report.result, k))
    accuracy = png(accuracy_figure(report.scores))
    write(out / "raster.png", raster)
    write(out / "accuracy.png", accuracy)
    return write(out / "index.html", page(report, raster, accuracy).encode())


def page(report: Report, raster: bytes, accuracy: bytes) -> str:
    """The page: pictures inside, no script, nothing loaded, every text escaped.

    Parameters
    ----------
    report
        What to tell.
    raster, accuracy
        The pictures, as PNG.
    """
    digit, last = int(report.labels[report.trial]), report.scores[-1]
    sections = [
        "<h1>Handwritten digits in a spiking reservoir</h1>",
        paragraph(_SUMMARY.format(images=len(report.images), last=last, duration=DURATION)),
        picture(raster, f"A scanned {digit}, the spikes it evokes, and their rates.",
                 "Each dot is a spike. Neurons are in the order of their indices."),
        "<h2>Test accuracy</h2>",
        picture(accuracy, "Dots are the five splits, lines their means.",
                 "Splits share images, so the spread is not an error of the mean."),
        _scoretable(report.scores),
        paragraph(_NOTE),
        "<h2>How settings were fixed</h2>",
        *map(paragraph, _FIXED),
        "<h2>Settings</h2>",
        table(_settings(report)),
        "<h2>Where it comes from</h2>",
        table(_provenance(report)),
    ]  # fmt: skip
    return document("Digits in a spiking reservoir", sections)


_SUMMARY = (
    "{images:,} scanned digits of 8 × 8 pixels become spike trains: a pixel fires as many evenly "
    "spaced spikes as its grey level. They drive a recurrent network of excitatory and inhibitory "
    "neurons, one trial of {duration:g} ms for each digit. A linear classifier that sees nothing "
    "but how often each neuron of the network fired names the digit: {last} of the images it was "
    "not trained on."
)
_NOTE = (
    "All rows share the ridge classifier on standardised numbers, except the second, a "
    "stronger readout of the pixels. The images stand still, so that the task asks for no memory; "
    "the row without recurrence tells how much the random nonlinear expansion alone explains."
)
_FIXED = (
    "One quarter of the images, the same whatever the seed, is for development. Reservoir "
    "settings, the window of counting, the square root of the reservoir's counts and the strength "
    "of the logistic regression were chosen by cross-validation within that quarter, on reservoirs "
    "of other seeds; among settings of like accuracy, those with few spikes were taken. No "
    "image of this quarter is ever tested.",
    "In each of five stratified splits a quarter of all images, drawn from outside the development "
    "quarter, is held out for the test; the other three quarters are trained on. Scaling and ridge "
    "penalty (by leave-one-out) come from the training images alone.",
)


def _scoretable(scores: Sequence[Score]) -> str:
    rows = "".join(
        f"<tr><td>{escape(item.name)}</td><td>{item.numbers:,}</td><td>{escape(str(item))}</td>"
        f"<td>{escape(', '.join(f'{100 * a:.1f}' for a in item.accuracies))}</td></tr>"
        for item in scores
    )
    heads = "<tr><th>read from</th><th>numbers</th><th>mean ± sd</th><th>splits (%)</th></tr>"
    return f'<div class="wide"><table class="scores">{heads}{rows}</table></div>'


def _settings(report: Report) -> dict[str, object]:
    sizes = {name: record.size for name, record in report.result.spikes.items()}
    return {
        "neurons": sizes,
        "image shown": f"{SHOWN:g} of {DURATION:g} ms",
        "step": f"{DT:g} ms",
        **asdict(DEFAULTS),
    }


def _provenance(report: Report) -> dict[str, object]:
    rates = {name: f"{rate:.1f} Hz" for name, rate in report.result.rates().items()}
    return {
        "images": "Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, UCI), "
        "as in scikit-learn",
        "mean rates": rates,
        "all of it, except this page": f"{report.seconds:.1f} s",
        **report.result.provenance,
    }
