"""Tables of a recording, as text and as HTML; names given by users are escaped in both."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .recording import Recording
    from .spikes import SpikeRecord

__all__ = ["html_report", "html_table", "printable", "text_report"]

HEADS = ("population", "neurons", "spikes", "rate (Hz)", "CV ISI")
CELL = "padding:2px 10px;text-align:{}"
LONGEST_NAME = 40


def printable(text: object) -> str:
    """`text` with control characters escaped, so that no name can steer a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text)
    )


def text_report(recording: Recording) -> str:
    """The recording as a table of text with a line of what it is above it."""
    rows = [[printable(cell) for cell in row] for row in _rows(recording)]
    lines = [printable(_headline(recording))]
    if rows:
        table = [list(HEADS), *rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(HEADS))]
        table.insert(1, ["─" * width for width in widths])
        lines += ["", *(_aligned(row, widths) for row in table)]
    lines += [""] * bool(recording.traces) + [printable(line) for line in _trace_lines(recording)]
    return "\n".join(lines)


def html_report(recording: Recording) -> str:
    """The recording as an HTML fragment: the same table, every name escaped."""
    lines = [_headline(recording), *_trace_lines(recording)]
    head, *rest = (f"<div>{html.escape(printable(line))}</div>" for line in lines)
    return "".join([head, html_table(HEADS, _rows(recording)), *rest])


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; every cell is escaped."""
    lines = [_html_row("th", heads), *(_html_row("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return "".join(
        [
            "<tr>",
            *(
                f'<{tag} style="{CELL.format("right" if index else "left")}">'
                f"{html.escape(printable(cell))}</{tag}>"
                for index, cell in enumerate(cells)
            ),
            "</tr>",
        ]
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    cells = [first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(rest, widths[1:]))]
    return "  ".join(cells).rstrip()


def _headline(recording: Recording) -> str:
    parts = [f"Recording of {recording.duration:g} ms"]
    if recording.t_start:
        parts.append(f"from {recording.t_start:g} ms")
    for name in ("engine", "dt", "precision", "seed"):
        if name in recording.provenance:
            unit = " ms" if name == "dt" else ""
            parts.append(f"{name} {recording.provenance[name]}{unit}")
    if recording.status != "complete":
        parts.append(recording.status + (f" ({recording.reason})" if recording.reason else ""))
    return ", ".join(parts)


def _rows(recording: Recording) -> list[list[str]]:
    return [_row(record) for record in recording.spikes.values()]


def _row(record: SpikeRecord) -> list[str]:
    name = record.population
    name = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    part = "" if record.recorded is None else f"{len(record.neurons):,} of "
    variation = record.cv()
    variation = variation[np.isfinite(variation)]
    return [
        name,
        f"{part}{record.size:,}",
        f"{len(record):,}",
        _number(record.rate()),
        _number(float(variation.mean()) if variation.size else math.nan),
    ]


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _trace_lines(recording: Recording) -> list[str]:
    return [
        f"trace {trace.population}.{trace.label}: "
        f"{len(trace.ids):,} neurons, {len(trace):,} samples"
        for variables in recording.traces.values()
        for trace in variables.values()
    ]
