"""What was computed once from the same data by the same transforms is read from disk."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ...storage import FORMAT_VERSION, read_archive, write_archive
from .base import Samples
from .fingerprints import describe, digest_of, package_digest
from .packing import Packed, pack, unpack

__all__ = ["cache_folder", "cached", "clear_cache"]

_KIND, _ENDING = "samples", ".samples"
#: Bytes that a cache holds at most, unless told otherwise.
_LIMIT = 8_000_000_000
#: Samples in a file.
_BLOCK = 256
#: Seconds after which a half-written file belongs to nobody.
_ABANDONED = 3600.0


def cache_folder(folder: Any = None) -> Path:
    """Where samples are kept; it need not be there.

    As given, else ``samples`` within ``$SPIKESTACK_CACHE``, or within ``spikestack`` in
    ``$XDG_CACHE_HOME`` or ``~/.cache``.
    """
    if folder is not None:
        return Path(folder)
    chosen = os.environ.get("SPIKESTACK_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return (Path(chosen) if chosen else Path(home) / "spikestack") / "samples"


def cached(
    samples: Samples, transform: Any = None, folder: Any = None, *, limit: float | None = _LIMIT
) -> Samples:
    """The same samples, changed by `transform`; computed once, then read from disk.

    Entries are named by a digest of the data, of what each transform is (see `describe`), of the
    package's sources and of NumPy's version, so none is ever out of date. Each holds up to 256
    samples and is computed when one of them is asked for. Entries are checked when they are read
    and computed anew if they are damaged. Any number of processes may share a folder. What has been
    read stays in memory.

    Parameters
    ----------
    samples
        With `content`: a set, or what was made from it.
    transform
        What takes an item, as for `Samples.map`; or None for `samples` as they are.
    folder
        See `cache_folder`.
    limit
        Bytes that the folder holds at most; what was used longest ago goes first. None: no limit.

    Raises
    ------
    ValidationError
        If a transform has no description (a lambda), or nothing is known of the data.
    """
    made = samples if transform is None else samples.map(transform)
    if not made.content:
        raise ValidationError(
            "cached", "nothing tells what these samples are made from", "a set, or samples_from()",
            "give Samples a `content`: a text that changes with the data",
        )  # fmt: skip
    if limit is not None and not limit > 0:
        raise ValidationError("cached, limit", f"got {shorten(limit)}", "bytes above 0, or None")
    steps = [describe(step, f"transform {k + 1}") for k, step in enumerate(made.steps)]
    versions = [FORMAT_VERSION, np.__version__, package_digest()]
    key = digest_of(versions, made.content, steps)
    store = _Store(cache_folder(folder), key, limit)
    ids = np.unique(made.ids)
    blocks = [ids[first : first + _BLOCK] for first in range(0, len(ids), _BLOCK)]
    place = {int(i): (b, k) for b, block in enumerate(blocks) for k, i in enumerate(block)}
    compute = _computing(made)
    held: dict[int, Packed] = {}
    lock = threading.Lock()

    def make(i: int) -> Any:
        block, k = place[i]
        with lock:
            if block not in held:
                held[block] = store.get(blocks[block], compute)
        return held[block].item(k)

    return replace(made, make=make, steps=(), content=f"{made.content} | {key}")


def clear_cache(folder: Any = None) -> int:
    """Remove all entries, whatever they are of.

    Returns
    -------
    int
        Bytes that were freed.
    """
    where = cache_folder(folder)
    _sweep(where, age=0.0)
    return sum(_remove(path, size) for _, size, path in _entries(where))


def _computing(samples: Samples) -> Callable[[int], Any]:
    def compute(i: int) -> Any:
        item = samples.make(i)
        for step in samples.steps:
            item = step(item)
        return item

    return compute


class _Store:
    """Entries of one key."""

    def __init__(self, folder: Path, key: str, limit: float | None) -> None:
        self.folder, self.key, self.limit = folder, key, limit

    def get(self, ids: np.ndarray, compute: Callable[[int], Any]) -> Packed:
        """Samples of these ids: read, or computed and written."""
        name = digest_of(self.key, ids.tolist())
        path = self.folder / f"{name}{_ENDING}"
        try:
            header, arrays = read_archive(path, _KIND)
            if header.get("name") != name:
                raise FileFormatError(f"{path}: bears the name of another entry")
            found = unpack(header, arrays, len(ids))
        except (FileNotFoundError, NotADirectoryError, FileFormatError):
            packed = pack([compute(int(i)) for i in ids], "cached, transform")
            self._put(path, name, packed)
            return packed
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def _put(self, path: Path, name: str, packed: Packed) -> None:
        arrays = {f"column/{key}": column for key, column in packed.columns.items()}
        arrays |= {"sizes": packed.sizes, "offsets": packed.offsets}
        try:
            # The user's alone, as compiled kernels are kept beside: they must be nobody else's.
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            write_archive(path, _KIND, {"name": name, "kind": packed.kind}, arrays)
        except OSError as error:
            # What was computed is right; only the next process has to compute it again.
            warnings.warn(f"samples are not kept in {self.folder}: {error}", stacklevel=2)
            return
        if self.limit is not None:
            _trim(self.folder, self.limit, path)


def _entries(folder: Path) -> list[tuple[float, int, Path]]:
    """When each was last used, its bytes and its path."""
    found = []
    for path in folder.glob(f"*{_ENDING}"):
        with contextlib.suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    return sorted(found)


def _trim(folder: Path, limit: float, keep: Path) -> None:
    entries = _entries(folder)
    total = sum(size for _, size, _ in entries)
    for _, size, path in entries:
        if total <= limit:
            return
        if path != keep:
            total -= _remove(path, size)
    _sweep(folder, _ABANDONED)


def _sweep(folder: Path, age: float) -> None:
    """Remove what processes that were killed left half-written."""
    for path in folder.glob(".spikestack-*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime >= age:
                path.unlink()


def _remove(path: Path, size: int) -> int:
    try:
        path.unlink()
    except OSError:
        return 0
    return size
