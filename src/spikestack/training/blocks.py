"""Blocks of rows, so that what a product makes on its way is small and stays in the cache."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["blocks"]

_BYTES = 2 << 20


def blocks(rows: int, row_bytes: int) -> Iterator[slice]:
    """Parts of `rows`, none empty, of about 2 MB each; their number depends on nothing else."""
    each = max(1, _BYTES // max(1, row_bytes))
    for first in range(0, rows, each):
        yield slice(first, min(first + each, rows))
