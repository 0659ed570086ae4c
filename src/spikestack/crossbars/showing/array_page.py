"""Matrices on crossbars as one HTML file: a picture and a report of each."""

from __future__ import annotations

import base64
import html
import io
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...recording.tables import printable
from .array_picture import draw_array

if TYPE_CHECKING:
    from ..tiles.array import CrossbarArray

__all__ = ["array_page", "picture_of", "write_whole"]

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 14px/1.5 system-ui, sans-serif; color: #262626; max-width: 900px; \
margin: 2em auto; padding: 0 1em; }}
h1 {{ font-size: 20px; overflow-wrap: anywhere; }}
h2 {{ font-size: 16px; margin-top: 2em; overflow-wrap: anywhere; }}
img {{ max-width: 100%; }}
table {{ border-collapse: collapse; margin: 0.8em 0; font-size: 13px; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def array_page(arrays: Sequence[CrossbarArray], title: str) -> str:
    """The text of the page.

    Parameters
    ----------
    arrays
        One after the other.
    title
        Escaped here.
    """
    made = []
    for array in arrays:
        picture = base64.b64encode(picture_of(array, "png")).decode()
        if len(arrays) > 1:
            made.append(f"<h2>{html.escape(printable(array.name))}</h2>")
        made.append(f'<img alt="errors and energy" src="data:image/png;base64,{picture}">')
        made.append(array.report()._repr_html_())
    return _FRAME.format(title=html.escape(printable(title)), body="\n".join(made))


def picture_of(array: CrossbarArray, kind: str) -> bytes:
    """The picture of an array as a file of that kind: ``"png"``, ``"pdf"`` or ``"svg"``."""
    into = io.BytesIO()
    draw_array(array).savefig(into, format=kind, dpi=144)
    return into.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
