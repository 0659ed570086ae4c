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

__all__ = ["html_report", "html_table", "printable", "text_report", "text_table"]

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
    lines = [printable(_headline(recording))]
    if rows := _rows(recording):
        lines += ["", *text_table(HEADS, rows)]
    lines += [""] * bool(recording.traces) + [printable(line) for line in _trace_lines(recording)]
    return "\n".join(lines)


def html_report(recording: Recording) -> str:
    """The recording as an HTML fragment: the same table, every name escaped."""
    lines = [_headline(recording), *_trace_lines(recording)]
    head, *rest = (f"<div>{html.escape(printable(line))}</div>" for line in lines)
    return "".join([head, html_table(HEADS, _rows(recording)), *rest])


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """The lines of a table; its first `left` columns are aligned to the left."""
    cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    cells.insert(1, ["─" * width for width in widths])
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in cells
    ]


def html_table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """An HTML table, aligned as by `text_table`; every cell is escaped."""
    lines = [_html_row("th", heads, left), *(_html_row("td", row, left) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _html_row(tag: str, cells: Sequence[str], left: int) -> str:
    return "".join(
        [
            "<tr>",
            *(
                f'<{tag} style="{CELL.format("left" if index < left else "right")}">'
                f"{html.escape(printable(cell))}</{tag}>"
                for index, cell in enumerate(cells)
            ),
            "</tr>",
        ]
    )


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
