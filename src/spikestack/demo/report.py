"""The report: one figure, one self-contained page."""

from __future__ import annotations

import base64
import io
import os
import tempfile
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingExtraError
from ..recording import Recording
from .readout import Score
from .reservoir import DURATION

__all__ = ["figure", "page", "write_report"]

_COLOURS = {"input": "#4d4d4d", "exc": "#0072b2", "inh": "#d55e00"}
_NAMES = {"input": "input", "exc": "excitatory", "inh": "inhibitory"}


def figure(
    image: np.ndarray, label: int, result: Recording, trial: int, scores: list[Score]
) -> Any:
    """Draw a digit, the spikes it evokes, and the accuracies; return a matplotlib figure."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("the demo's figure", "demo") from None
    fig = Figure(figsize=(11, 6.2), dpi=130, layout="constrained")
    grid = fig.add_gridspec(2, 2, width_ratios=[1, 2.6], height_ratios=[1, 1])
    shown = fig.add_subplot(grid[0, 0])
    side = int(np.sqrt(image.size))
    shown.imshow(image.reshape(side, side), cmap="gray_r")
    shown.set(xticks=[], yticks=[], title=f"a scanned {label}")
    _draw_raster(fig.add_subplot(grid[:, 1]), result, trial)
    _draw_scores(fig.add_subplot(grid[1, 0]), scores)
    return fig


def _draw_raster(ax: Any, result: Recording, trial: int) -> None:
    base, ticks = 0.0, []
    for name, colour in _COLOURS.items():
        record = result.spikes[name]
        mine = record.trials == trial
        # Populations get heights that let the small ones be seen.
        height = 40 + np.sqrt(record.size) * 8
        y = base + record.ids[mine] / record.size * height
        ax.plot(record.times[mine], y, "|", color=colour, markersize=3.5, markeredgewidth=0.9)
        ticks.append((base + height / 2, f"{_NAMES[name]}\n{record.size} neurons"))
        base += height * 1.06
    ax.set_yticks([t for t, _ in ticks], [n for _, n in ticks])
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0, DURATION), ylim=(-6, base), xlabel="time (ms)", title="the spikes it evokes")
    ax.spines[["top", "right", "left"]].set_visible(False)


def _draw_scores(ax: Any, scores: list[Score]) -> None:
    names = [s.name.replace(", ", ",\n") for s in scores]
    colours = ["#bbbbbb"] * (len(scores) - 1) + ["#0072b2"]
    means = [100 * s.mean for s in scores]
    ax.barh(names, means, xerr=[100 * s.spread for s in scores], color=colours, height=0.62,
            error_kw={"elinewidth": 1.2})  # fmt: skip
    for k, item in enumerate(scores):
        colour = "white" if k == len(scores) - 1 else "black"
        where = max(0.0, min(means) - 7)
        ax.text(where, k, f" {100 * item.mean:.1f} %", va="center", fontsize=9, color=colour)
    ax.set(xlim=(max(0.0, min(means) - 7), 100), xlabel="test accuracy (%)")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)


def page(picture: bytes, result: Recording, scores: list[Score], n_images: int) -> str:
    """The page's HTML: picture inside, every text escaped."""
    rows = "".join(
        f"<tr><td>{escape(s.name)}</td><td>{escape(str(s))}</td>"
        f"<td>{escape(', '.join(f'{100 * a:.1f}' for a in s.accuracies))}</td></tr>"
        for s in scores
    )
    about = "".join(
        f"<tr><td>{escape(str(k))}</td><td>{escape(str(v))}</td></tr>"
        for k, v in result.provenance.items()
        if not isinstance(v, dict)
    )
    data = base64.b64encode(picture).decode()
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Digits in a spiking reservoir</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; }}
img {{ width: 100%; }} table {{ border-collapse: collapse; margin: 1rem 0; }}
td, th {{ padding: .25rem .9rem .25rem 0; text-align: left; border-bottom: 1px solid #ddd; }}
tr:last-child td {{ border-bottom: none; }}
</style></head><body>
<h1>Handwritten digits in a spiking reservoir</h1>
<p>{n_images} scanned digits (UCI, from scikit-learn) become spike trains: a pixel fires as
many spikes as its grey level. They drive a recurrent network of excitatory and inhibitory
neurons, one trial of {DURATION:g} ms for each digit. A linear classifier then names the digit
from the reservoir's spikes alone.</p>
<img alt="A digit, the spikes it evokes, and the accuracies" src="data:image/png;base64,{data}">
<h2>Test accuracy</h2>
<table><tr><th>read from</th><th>mean ± sd</th><th>five splits (%)</th></tr>{rows}</table>
<p>A quarter of the images is held out in each split. Ridge penalties are chosen by cross-validation
within the other three quarters.</p>
<h2>Where it comes from</h2><table>{about}</table>
</body></html>
"""


def write_report(
    out: Path, images: np.ndarray, labels: np.ndarray, result: Recording, scores: list[Score]
) -> Path:
    """Write ``index.html`` and ``digits.png`` to `out`, each whole or not at all."""
    trial = int(np.flatnonzero(labels == 3)[0]) if (labels == 3).any() else 0
    fig = figure(images[trial], int(labels[trial]), result, trial, scores)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "digits.png", buffer.getvalue())
    text = page(buffer.getvalue(), result, scores, len(images))
    return _write(out / "index.html", text.encode())


def _write(path: Path, data: bytes) -> Path:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path
