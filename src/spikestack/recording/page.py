"""A recording as one HTML file of its own: figures to zoom in, tables, provenance."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import secrets
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checks import checked_whole
from .page_data import page_data
from .tables import html_report, html_table, printable

if TYPE_CHECKING:
    from .recording import Recording

__all__ = ["page_of", "write_page"]

MARK = re.compile(r"\{\{(\w+)\}\}")


def page_of(
    recording: Recording, title: str | None = None, max_spikes: int = 500_000, trial: int = 0
) -> str:
    """The text of the page; see `Recording.to_html`."""
    checked_whole(max_spikes, 1, "to_html, max_spikes")
    for record in recording.spikes.values():
        record.checked_trial(trial)
    for own in recording.traces.values():
        for trace in own.values():
            trace.checked_trial(trial)
    data, notes = page_data(recording, max_spikes, trial)
    script = _part("page.js")
    heading = f"Recording of {recording.duration:g} ms" if title is None else title
    parts = {
        "title": html.escape(printable(heading)),
        "headline": html.escape(_headline(recording)),
        "style": _part("page.css"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "data": _for_script(data),
        "notes": "".join(f'<p class="faint">{html.escape(note)}</p>' for note in notes),
        "summary": html_report(recording),
        "provenance": _provenance(recording.provenance),
    }
    return MARK.sub(lambda found: parts[found[1]], _part("page.html"))


def write_page(text: str, path: str | os.PathLike[str]) -> Path:
    """Write a page, whole or not at all."""
    target = Path(path)
    temporary = target.with_name(f".spikestack-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return target


def _part(name: str) -> str:
    found = resources.files("spikestack.recording").joinpath("page", name)
    return found.read_text(encoding="utf-8").rstrip("\n")


def _for_script(data: Mapping[str, Any]) -> str:
    """JSON that can stand inside a script element: nothing in it can end that."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _headline(recording: Recording) -> str:
    about = recording.provenance
    parts = [f"{recording.t_start:g} to {recording.t_stop:g} ms", recording.status]
    if recording.reason:
        parts.append(recording.reason)
    parts += [
        f"{name} {about[name]}" for name in ("engine", "precision", "seed", "date") if name in about
    ]
    return printable(", ".join(parts))


def _provenance(about: Mapping[str, Any]) -> str:
    simple = [
        [name, "–" if value is None else str(value)]
        for name, value in about.items()
        if not isinstance(value, Mapping | list | tuple)
    ]
    rest = {
        name: value for name, value in about.items() if isinstance(value, Mapping | list | tuple)
    }
    text = html_table(["what", "value"], simple, left=2)
    if rest:
        shown = html.escape(printable_lines(json.dumps(rest, indent=1, default=str)))
        text += f"<details><summary>everything else</summary><pre>{shown}</pre></details>"
    return text


def printable_lines(text: str) -> str:
    """As `printable`, but lines stay lines."""
    return "\n".join(printable(line) for line in text.split("\n"))
