"""What is printed: tables that no name can steer, strict JSON, and single lines on stderr."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "clean",
    "console",
    "emit",
    "one_line",
    "say",
    "stdout_kept_for_json",
    "table",
]

#: Columns of a page when the output is no terminal.
PAGE = 100
#: Names of up to so many characters are kept on one line where there is room at all.
WHOLE_NAME = 26
LONGEST_LINE = 2000


def clean(text: object) -> str:
    """`text` with every control character but the end of a line spelled out."""
    return "".join(
        char
        if char.isprintable() or char == "\n"
        else char.encode("unicode_escape", "backslashreplace").decode()
        for char in str(text)
    )


def one_line(text: object) -> str:
    """`text` cleaned, on one line of bounded length."""
    line = clean(" ".join(str(text).split()))
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def say(line: str) -> None:
    """Print one line on stderr."""
    print(clean(line), file=sys.stderr, flush=True)


def console() -> Console:
    """A console on stdout that takes no text for markup, with or without a terminal."""
    from rich.console import Console

    free = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(markup=False, emoji=False, highlight=False, width=None if free else PAGE)


def table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
) -> Table:
    """A table whose cells are cleaned and folded, never cut.

    Parameters
    ----------
    heads
        Titles of the columns.
    rows
        Cells, as many in each row as there are heads.
    right
        Heads of the columns that are aligned to the right.
    """
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    widest = max((len(clean(row[0])) for row in rows), default=0)
    for place, head in enumerate(heads):
        made.add_column(
            head,
            min_width=min(widest, WHOLE_NAME) if place == 0 else None,
            justify="right" if head in right else "left",
            overflow="fold",
            style="cyan" if place == 0 else None,
        )
    for row in rows:
        made.add_row(*(clean(cell) for cell in row))
    return made


def emit(data: object, indent: int | None = 2) -> None:
    """Print strict JSON on stdout: what is not a finite number becomes null."""
    print(json.dumps(_plain(data), indent=indent, allow_nan=False), flush=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return str(value)


@contextlib.contextmanager
def stdout_kept_for_json(wanted: bool) -> Iterator[None]:
    """Send what is printed inside to stderr if `wanted`, so that stdout holds JSON alone."""
    with contextlib.redirect_stdout(sys.stderr) if wanted else contextlib.nullcontext():
        yield
