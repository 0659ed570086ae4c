"""A comparison of chips as one HTML page: a table, and bars of energy and time."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...recording.tables import printable
from .page import assembled
from .report import joules, seconds

if TYPE_CHECKING:
    from ..comparison import Comparison, Row

__all__ = ["comparison_page"]

_WIDTH, _ROW, _LABEL = 680, 22, 190


def comparison_page(found: Comparison, title: str | None = None) -> str:
    """The text of the page; see `Comparison.page`."""
    fits = [row for row in found.rows if not row.refused]
    parts = [f"<p>{_safe(found.about)}; time and energy of one {found.each}.</p>", _table(fits)]
    for name, show, of in (
        ("Energy", joules, lambda row: row.energy), ("Time", seconds, lambda row: row.seconds)
    ):  # fmt: skip
        known = [
            (row.on + (", at least" if row.partial and name == "Energy" else ""), of(row))
            for row in fits if of(row)
        ]  # fmt: skip
        if known:
            parts.append(f"<h2>{name} of one {found.each}</h2>" + _bars(known, show))
    parts.append(_notes(fits))
    refused = [row for row in found.rows if row.refused]
    if refused:
        parts.append("<h2>Where it cannot be had</h2>")
        parts += [f"<p><b>{_safe(row.on)}</b>: {_safe(row.refused)}</p>" for row in refused]
    heading = "One network on several chips" if title is None else title
    return assembled(heading, "comparison", "".join(parts))


def _safe(text: object) -> str:
    return html.escape(printable(text))


def _table(rows: list[Row]) -> str:
    heads = ("on", "accuracy", "neurons", "cores", "chips", "time", "energy", "dynamic",
             "what prices cover", "least certain figure")  # fmt: skip
    made = ["<table><tr>", *(f"<th>{head}</th>" for head in heads), "</tr>"]
    for row in rows:
        cells = list(row.cells())
        cells.insert(4, "–" if row.chips is None else f"{row.chips:,}")
        made.append("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in cells) + "</tr>")
    return "".join([*made, "</table>"])


def _bars(known: list[tuple[str, float]], show: Callable[[float], str]) -> str:
    """Bars over a logarithmic axis, from the least to the most."""
    known = sorted(known, key=lambda item: item[1])
    values = np.log10([value for _, value in known])
    low, high = np.floor(values.min()), max(np.ceil(values.max()), np.floor(values.min()) + 1)
    room = _WIDTH - _LABEL - 90
    height = _ROW * len(known) + 24
    made = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" style="max-width:{_WIDTH}px">']
    for tick in np.arange(low, high + 1):
        x = _LABEL + room * (tick - low) / (high - low)
        made.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 20}" stroke="#e6e6e6"/>')
        made.append(
            f'<text x="{x:.1f}" y="{height - 6}" font-size="10" text-anchor="middle" '
            f'fill="#6a6a6a">{_safe(show(10.0**tick))}</text>'
        )
    for k, ((name, value), at) in enumerate(zip(known, values, strict=True)):
        y, wide = _ROW * k, max(room * (at - low) / (high - low), 1.0)
        made.append(
            f'<text x="{_LABEL - 8}" y="{y + 15}" font-size="12" text-anchor="end">'
            f"{_safe(name)}</text>"
            f'<rect x="{_LABEL}" y="{y + 4}" width="{wide:.1f}" height="{_ROW - 8}" '
            f'fill="#0072B2"/>'
            f'<text x="{_LABEL + wide + 6:.1f}" y="{y + 15}" font-size="11" fill="#262626">'
            f"{_safe(show(value))}</text>"
        )
    return "".join([*made, "</svg>"])


def _notes(rows: list[Row]) -> str:
    made = [f"<p><b>{_safe(row.on)}</b>: {_safe('; '.join(row.notes))}</p>"
            for row in rows if row.notes]  # fmt: skip
    return "".join(["<h2>What one must know</h2>", *made]) if made else ""
