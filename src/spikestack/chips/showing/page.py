"""A run on a chip as one HTML file: its picture to click through, and its report."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from ...recording.tables import html_table, printable
from .facts import COLOURINGS, core_facts, link_loads

if TYPE_CHECKING:
    from ..running import ChipRun

__all__ = ["assembled", "chip_page"]

_MARK = re.compile(r"\{\{(\w+)\}\}")
#: Cores that the page draws; of more it shows the busiest.
_MOST_CORES = 4096
_MOST_LINKS = 20_000


def chip_page(run: ChipRun, title: str | None = None) -> str:
    """The text of the page; see `ChipRun.page`."""
    heading = f"{run.duration:g} ms on {run.mapped.chip.name}" if title is None else title
    return assembled(heading, "chip", _report(run), _data(run))


def assembled(heading: str, kind: str, body: str, data: Any = None) -> str:
    """A page of the parts of `kind`, with nothing from elsewhere.

    Parameters
    ----------
    heading
        Escaped here.
    kind
        Its frame is ``page/<kind>.html``; with data, its script ``page/<kind>.js``.
    body
        HTML.
    data
        Plain data for the script.
    """
    script = "" if data is None else _part(f"{kind}.js")
    parts = {
        "title": html.escape(printable(heading)),
        "style": _part("chips.css"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "data": _for_script(data),
        "body": body,
    }
    return _MARK.sub(lambda found: parts[found[1]], _part(f"{kind}.html"))


def _part(name: str) -> str:
    found = resources.files("spikestack.chips.showing").joinpath("page", name)
    return found.read_text(encoding="utf-8").rstrip("\n")


def _for_script(data: Any) -> str:
    """JSON that can stand inside a script element: nothing in it can end that."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _report(run: ChipRun) -> str:
    made = []
    for section in run.report().sections:
        made += [f"<p>{html.escape(printable(line))}</p>" for line in section.lines]
        if section.rows:
            made.append(html_table(section.heads, section.rows, section.left))
    return "".join(made)


def _data(run: ChipRun) -> dict[str, Any]:
    facts, mapped = core_facts(run), run.mapped
    shown = np.arange(len(mapped.cores))
    if len(shown) > _MOST_CORES:
        shown = np.sort(np.argsort(-facts.load, kind="stable")[:_MOST_CORES])
    links = link_loads(run)
    if len(links) > _MOST_LINKS:
        links = links[np.argsort(-links[:, 5], kind="stable")[:_MOST_LINKS]]
    mesh = mapped.chip.mesh
    return {
        "width": mesh.width, "height": mesh.height, "tile": mapped.chip.tile,
        "colourings": COLOURINGS, "left_out": len(mapped.cores) - len(shown),
        "cores": [_core(run, facts, int(k)) for k in shown],
        "links": links.tolist(),
    }  # fmt: skip


def _core(run: ChipRun, facts: Any, k: int) -> dict[str, Any]:
    core, counts = run.mapped.cores[k], run.ledger.counts
    packets = run.ledger.packets
    ways: dict[str, list[list[int]]] = {}
    for name, own, other in (("from", 1, 0), ("to", 0, 1)):
        mine = packets[packets[:, own] == k]
        mine = mine[np.argsort(-mine[:, 2], kind="stable")[:8]]
        ways[name] = [
            [run.mapped.cores[c].place if c >= 0 else -1, n]
            for c, n in mine[:, [other, 2]].tolist()
        ]
    energy = float(facts.energy[k])
    return {
        "place": core.place, "chip": int(facts.chip[k]), "x": float(facts.x[k]),
        "y": float(facts.y[k]), "occupancy": float(facts.occupancy[k]),
        "load": float(facts.load[k]), "energy": energy if np.isfinite(energy) else None,
        "neurons": {
            printable(n): [len(ids), int(ids.min()), int(ids.max())]
            for n, ids in core.neurons.items() if len(ids)
        },
        "used": {n: float(u) for n, u in core.used.items()},
        "counts": {n: int(c[k]) for n, c in counts.items() if c[k]},
        **ways,
    }  # fmt: skip
