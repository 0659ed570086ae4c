"""The report: one self-contained page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..chips.comparison import Comparison
from ..recording import Recording
from .camera import STEPS, Seen
from .chips import section
from .figures import confusion_figure, curves_figure, seen_figure
from .learning import Learned
from .page import document, paragraph, picture, png, table, write

__all__ = ["Report", "write_report"]


@dataclass(frozen=True)
class Report:
    """What the page tells of.

    Attributes
    ----------
    seen, learned
        The data, and what was learned from them.
    parts
        Places of training, validation and test images.
    run, shown, simulated
        The trained description on the simulation engine, which test image the figure shows, and
        how many the engine saw.
    same
        Of those images, for how many the engine names the digit that training names.
    seconds
        By part of the work.
    chips
        The network on chips.
    """

    seen: Seen
    learned: Learned
    parts: tuple[np.ndarray, np.ndarray, np.ndarray]
    run: Recording
    shown: int
    simulated: int
    same: int
    seconds: dict[str, float]
    chips: Comparison

    @property
    def right(self) -> float:
        """Share of test images named right."""
        return float((self.learned.said == self.seen.labels[self.parts[2]]).mean())


def write_report(out: Path, report: Report) -> Path:
    """Write ``index.html`` and its pictures to a folder, and return the page's path."""
    k = report.parts[2][report.shown]
    seen = report.seen
    pictures = {
        "seen": png(seen_figure(
            seen.images[k], int(seen.labels[k]), seen.events[k], report.run, report.shown)),
        "curves": png(curves_figure(report.learned)),
        "confusion": png(confusion_figure(seen.labels[report.parts[2]], report.learned.said)),
    }  # fmt: skip
    for name, data in pictures.items():
        write(out / f"{name}.png", data)
    return write(out / "index.html", _page(report, pictures).encode())


def _page(report: Report, pictures: dict[str, bytes]) -> str:
    train, validation, test = report.parts
    learned = report.learned
    sections = [
        "<h1>Digits before an event camera</h1>",
        paragraph(
            f"{len(report.seen.labels):,} scanned digits of 8 × 8 points, before an emulated event "
            f"camera that moves in three saccades of 100 ms. A convolutional network of spiking "
            f"neurons, described once, was trained by gradients for {len(learned.epochs)} epochs "
            f"({report.seconds['training']:.0f} s) on {len(train):,} of them. Of {len(test):,} it "
            f"was neither trained nor chosen on, it names {100 * report.right:.1f} % right."
        ),
        picture(pictures["seen"], "A digit, its events, and the spikes they evoke.",
                "Events: brighter in blue, darker in orange. Below: spikes of three layers, and "
                "the potentials of the ten integrators, that of the digit in blue."),
        paragraph(
            f"Spikes and potentials in this picture are not those of training: the trained "
            f"description ran on the simulation engine. Of the first {report.simulated} test "
            f"images it names the same digit for {report.same}."
        ),
        "<h2>Training</h2>",
        picture(pictures["curves"], "Loss and accuracy by epoch.",
                f"Weights are kept from the epoch that is best on {len(validation)} images set "
                "apart for this; the test is looked at once."),
        "<h2>Test</h2>",
        picture(pictures["confusion"], "Which digit was taken for which.", ""),
        section(report.chips),
        "<h2>Numbers</h2>",
        table(_numbers(report)),
        "<h2>Where it comes from</h2>",
        table({
            "images": "Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, UCI), "
            "as in scikit-learn",
            "camera": "V2E (Hu, Liu, Delbruck 2021), 20 x 20 pixels for each digit",
            **report.run.provenance,
        }),
    ]  # fmt: skip
    return document("Digits before an event camera", sections)


def _numbers(report: Report) -> dict[str, object]:
    events = np.mean([len(e) for e in report.seen.events])
    return {
        "test accuracy": f"{100 * report.right:.1f} %",
        "events of an image": f"{events:,.0f}",
        "spikes of an image, by layer": {
            name: f"{count:,.0f}" for name, count in report.learned.spikes.items()
        },
        "steps": f"{STEPS}, of {300 / STEPS:g} ms",
        "seconds": {name: f"{value:.1f}" for name, value in report.seconds.items()},
    }
