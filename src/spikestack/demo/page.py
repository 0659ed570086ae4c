"""Self-contained pages: pictures inside, no script, nothing loaded, every text escaped."""

from __future__ import annotations

import base64
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["document", "paragraph", "picture", "png", "table", "write"]

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 54rem; margin: 2.5rem auto;
       padding: 0 1.2rem; color: #262626; background: #fff; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
figure { margin: 1.6rem 0; } img { width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
td, th { padding: .3rem 1.2rem .3rem 0; text-align: left; border-bottom: 1px solid #e2e2e2;
         vertical-align: top; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.scores tr:last-child td { font-weight: 600; }
"""


def document(title: str, sections: Sequence[str]) -> str:
    """A page of sections, which are HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def paragraph(text: str) -> str:
    """A paragraph."""
    return f"<p>{escape(text)}</p>"


def picture(data: bytes, what: str, more: str) -> str:
    """A picture (PNG) with what it shows, and more of it."""
    coded = base64.b64encode(data).decode()
    return (
        f'<figure><img alt="{escape(what)}" src="data:image/png;base64,{coded}">'
        f"<figcaption>{escape(what)} {escape(more)}</figcaption></figure>"
    )


def table(rows: Mapping[str, object]) -> str:
    """Names and values."""
    cells = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(_text(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f'<div class="wide"><table>{cells}</table></div>'


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def png(figure: Figure) -> bytes:
    """A figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    return buffer.getvalue()


def write(path: Path, data: bytes) -> Path:
    """Write a file, whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path
