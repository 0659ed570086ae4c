"""A training as one HTML file of its own: nothing in it is loaded from elsewhere."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..recording.page import write_page
from ..recording.tables import html_table, printable
from ..version import __version__
from .report_figures import confusion_figure, curves_figure, raster_figure, time_figure
from .scoring import Scores, fed_sizes, steps_of
from .sources import as_source

if TYPE_CHECKING:
    from .fitted import Fitted

__all__ = ["write_report"]

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2.5rem auto;
       padding: 0 1.2rem; color: #262626; background: #fff; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
figure { margin: 1.2rem 0; } img { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; }
.wide { overflow-x: auto; margin: 1rem 0; } table { border-collapse: collapse; font-size: .92rem; }
td, th { border-bottom: 1px solid #e2e2e2; vertical-align: top; overflow-wrap: anywhere;
         font-variant-numeric: tabular-nums; }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(
    fitted: Fitted, path: str | Path, test: Any = None, title: str = "Training"
) -> Path:
    """Write the report; see `Fitted.report`."""
    data = None if test is None or isinstance(test, Scores) else test
    scores = fitted.evaluate(data) if data is not None else test or fitted.validation
    what = "test" if test is not None else "validation"
    sections = [f"<h1>{escape(printable(title))}</h1>", _paragraph(str(fitted))]
    if fitted.history:
        sections += _course(fitted)
    if isinstance(scores, Scores):
        sections += _scored(fitted, scores, what)
    if data is not None:
        sections += _sample(fitted, data)
    sections += ["<h2>Settings</h2>", _table(["what", "value"], _settings(fitted), 2)]
    name = escape(printable(title))
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )
    return write_page(page, path)


def _course(fitted: Fitted) -> list[str]:
    module = fitted.module
    targets = [n for n in fitted.history[0]["rates"]
               if n in {module.names[link.post] for link in module.links}]  # fmt: skip
    return [
        "<h2>Epoch by epoch</h2>",
        _picture(curves_figure(fitted.history, fitted.best_epoch, targets),
                 "Loss, accuracy, rates and spikes over epochs.",
                 "The dotted line marks the epoch whose weights were kept."),
    ]  # fmt: skip


def _scored(fitted: Fitted, scores: Scores, what: str) -> list[str]:
    made = [f"<h2>On {what} samples</h2>", _paragraph(str(scores))]
    if scores.confusion.size:
        rule = fitted.early_exit() if fitted.validation is not None else None
        made += [
            _picture(confusion_figure(scores.confusion), "Confusion matrix.",
                     "Colours are shares of a row."),
            _picture(time_figure(scores, rule), "Accuracy against time and spikes.",
                     "Orange: the margin chosen on validation."),
        ]  # fmt: skip
    heads = ["population", "neurons", "rate (Hz)", "events per sample"]
    sizes = {p.name: p.size for p in fitted.module.program.populations}
    rows = [[n, f"{sizes[n]:,}", f"{scores.rates[n]:.3g}", f"{scores.spikes[n]:,.1f}"]
            for n in scores.spikes]  # fmt: skip
    made += ["<h2>What it costs</h2>", _table(heads, rows, 1)]
    heads = ["projection", "additions per sample", "multiplications per sample"]
    rows = [[n, f"{ac:,.0f}", f"{mac:,.0f}"] for n, (ac, mac) in scores.operations.items()]
    return [*made, _table(heads, rows, 1)]


def _sample(fitted: Fitted, data: Any) -> list[str]:
    module = fitted.module
    source = as_source(data, fed_sizes(module), fitted.plan.steps, "report, test")
    inputs, labels = source.take(np.arange(1))
    with torch.no_grad():
        output = module(inputs, steps_of(inputs, fitted.plan.steps))
    spikes = {n: x[:, 0].cpu().numpy() for n, x in output.spikes.items()}
    traces = {n: x[:, 0].cpu().numpy() for n, x in output.traces.items()}
    return [
        "<h2>One sample</h2>",
        _picture(raster_figure(spikes, traces, module.dt),
                 f"The first sample, {printable(labels[0].tolist())}.",
                 "Each dot is a spike; below, what is recorded of the output."),
    ]  # fmt: skip


def _settings(fitted: Fitted) -> list[list[str]]:
    module, best = fitted.module, fitted.best_epoch
    count = sum(p.numel() for p in module.parameters() if p.requires_grad)
    rows = {
        "network": repr(module.network),
        "fingerprint before training": module.network.fingerprint,
        "trained numbers": f"{count:,}",
        "surrogates": ", ".join(f"{n}: {s!r}" for n, s in zip(module.names, module.surrogates)),
        **fitted.plan.words(),
        "epochs": f"{len(fitted.history)} of {fitted.plan.epochs}, best {best}",
        "learning": f"{fitted.seconds:.1f} s",
        "Spikestack": __version__,
        "PyTorch": torch.__version__,
    }
    return [[name, str(value)] for name, value in rows.items()]


def _paragraph(text: str) -> str:
    return f"<p>{escape(printable(text))}</p>"


def _table(heads: list[str], rows: list[list[str]], left: int) -> str:
    return f'<div class="wide">{html_table(heads, rows, left)}</div>'


def _picture(figure: Any, what: str, more: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<figure><img alt="{escape(what)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(what)} {escape(more)}</figcaption></figure>"
    )
