"""Spike trains in files, as other tools write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import FileFormatError

__all__ = ["read_trains"]

_LARGEST = 2**31


def read_trains(path: str | Path, size_limit: int = _LARGEST) -> tuple[np.ndarray, np.ndarray]:
    """Read spike times and ids from a file.

    Parameters
    ----------
    path
        ``.npz`` with arrays ``times`` (ms) and ``ids``, ``.npy`` with two columns, or text with
        two columns, id and time in ms, separated by blanks, tabs or commas (NEST's ``.gdf`` and
        ``.dat``, and CSV). Lines that begin with ``#`` and one line of column names are skipped;
        names decide which column is which (``sender``, ``id``, ``time``, ``time_ms``).
    size_limit
        Bytes beyond which a file is refused.

    Returns
    -------
    times : float64
        ms.
    ids : int64

    Raises
    ------
    FileFormatError
        If the file is not of this kind.
    """
    path = Path(path)
    try:
        if path.stat().st_size > size_limit:
            raise FileFormatError(f"{path}: larger than {size_limit} bytes; split it")
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                times, ids = archive["times"], archive["ids"]
        elif path.suffix == ".npy":
            ids, times = np.load(path, allow_pickle=False).T
        else:
            ids, times = _text(path)
        times, ids = np.asarray(times, dtype=np.float64), np.asarray(ids)
    except (OSError, KeyError, ValueError, TypeError, EOFError) as error:
        raise FileFormatError(
            f"{path}: no spike trains: {error}; two columns are needed, id and time in ms"
        ) from None
    whole = np.asarray(ids, dtype=np.float64)
    fits = times.ndim == 1 and times.shape == ids.shape and np.isfinite(times).all()
    if not fits or not (np.isfinite(whole) & (whole == np.floor(whole)) & (whole >= 0)).all():
        raise FileFormatError(f"{path}: needs finite times and whole ids >= 0, one each")
    return times, whole.astype(np.int64)


def _text(path: Path) -> tuple[np.ndarray, np.ndarray]:
    lines = path.read_text(encoding="utf-8").replace(",", " ").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    names: list[str] = []
    if rows and not _is_number(rows[0][0]):
        names = [word.lower() for word in rows.pop(0)]
        if not any(name.startswith("time") for name in names):
            raise ValueError(f"columns called {' '.join(names)[:80]!r}")
    table = np.array([[float(word) for word in row[:2]] for row in rows]).reshape(-1, 2)
    swapped = bool(names) and names[0].startswith("time")
    return (table[:, 1], table[:, 0]) if swapped else (table[:, 0], table[:, 1])


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
