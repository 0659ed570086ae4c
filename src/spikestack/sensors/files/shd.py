"""Spoken digits and commands of the Heidelberg data sets (SHD, SSC): many samples in one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, ValidationError, shorten
from ..events import Events, UnitEvents
from .base import Columns, EventFormat, Header
from .hdf5_cut import lengths
from .hdf5_files import MAGIC, column, holds, library, microseconds, opened

__all__ = ["FORMAT", "samples"]

_TIMES, _UNITS, _LABELS = "spikes/times", "spikes/units", "labels"
_SECOND, _MOST = 1e6, 1 << 24


@dataclass(frozen=True)
class Shd(EventFormat):
    """One sample of the many; `samples` goes through them all.

    Times are half-precision seconds: near 1 s, one step is 0.5 to 1 ms. Source: B. Cramer et al.,
    IEEE Trans. Neural Netw. Learn. Syst. 33 (2022).

    Parameters
    ----------
    sample
        Its number, from 0.
    units
        How many channels there are; 700 in the data sets.
    """

    name = "shd"
    summary = "SHD and SSC, spoken digits and commands in HDF5"
    suffixes = ()

    sample: int = 0
    units: int = 700

    def matches(self, head: bytes, suffix: str) -> bool:
        """By being HDF5."""
        return head.startswith(MAGIC)

    def confirms(self, file: BinaryIO) -> bool:
        """By the names of its arrays."""
        return holds(file, _TIMES, _UNITS)

    def header(self, file: BinaryIO) -> Header:
        """How many samples there are, and the label of this one."""
        with opened(file) as data:
            times, _, labels = _arrays(file, data)
            if not isinstance(self.sample, int) or not 0 <= self.sample < len(times):
                known = f"0 to {len(times) - 1}"
                raise ValidationError("shd, sample", f"got {shorten(self.sample)}", known)
            about = {"samples": len(times), "sample": self.sample}
            if labels is not None:
                about["label"] = int(labels[self.sample])
        return Header({"units": self.units}, UnitEvents, about)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Read the sample."""
        with opened(file) as data:
            times, units, _ = _arrays(file, data)
            columns = _sample(file, times, units, self.sample)
        for first in range(0, len(columns["t"]), most):
            yield {name: c[first : first + most] for name, c in columns.items()}

    def write(
        self,
        file: BinaryIO,
        events: Events,
        label: int = 0,
        more: list[tuple[UnitEvents, int]] | None = None,
        **settings: Any,
    ) -> None:
        """Write samples.

        Parameters
        ----------
        file
            Where to.
        events, label
            The first sample, of at most 65,536 units, and what is said in it.
        more
            Further samples, each with its label.

        Raises
        ------
        ValidationError
            If events are of a camera, or do not fit.
        """
        if settings:
            raise ValidationError("shd", f"unknown settings {sorted(settings)}", "label, more")
        every = [(events, label), *(more or [])]
        for part, what in every:
            if not isinstance(part, UnitEvents) or part.units > 65_536:
                raise ValidationError("shd", "writes UnitEvents", "of at most 65536 units")
            if len(part) and max(abs(part.t[0]), abs(part.t[-1])) > 65_000 * _SECOND:
                raise ValidationError("shd, t", f"up to {part.t[-1]} us", "18 hours at most")
            if not 0 <= what < 65_536:
                raise ValidationError("shd, label", f"got {shorten(what)}", "0 to 65535")
        h5py = library()
        with h5py.File(file, "w") as data:
            data[_LABELS] = np.array([what for _, what in every], np.uint16)
            shape = (len(every),)
            times = data.create_dataset(_TIMES, shape, h5py.vlen_dtype(np.float16))
            units = data.create_dataset(_UNITS, shape, h5py.vlen_dtype(np.uint16))
            # Sample by sample, so that the first ones are whole if the file is cut off.
            for i, (part, _) in enumerate(every):
                times[i] = (part.t / _SECOND).astype(np.float16)
                units[i] = part.unit.astype(np.uint16)


def samples(path: str | Path, units: int = 700) -> Iterator[tuple[UnitEvents, int]]:
    """Every sample of a file with its label, -1 if it has none, one after another.

    Parameters
    ----------
    path
        Of a file of SHD or SSC.
    units
        How many channels there are.

    Raises
    ------
    FileFormatError
        If it is none, or damaged.
    MissingExtraError
        Without h5py.
    """
    with Path(path).open("rb") as file, opened(file) as data:
        times, rows, labels = _arrays(file, data)
        for i in range(len(times)):
            events = UnitEvents(**_sample(file, times, rows, i), units=units)
            yield events, -1 if labels is None else int(labels[i])


def _arrays(file: BinaryIO, data: Any) -> tuple[Any, Any, Any]:
    times, units = column(file, data, _TIMES, "O"), column(file, data, _UNITS, "O")
    labels = column(file, data, _LABELS, "iu") if _LABELS in data else None
    if len(times) != len(units) or (labels is not None and len(labels) != len(times)):
        raise FileFormatError("a file of samples with different numbers of times, units and labels")
    return times, units, labels


def _check_length(file: BinaryIO, rows: Any, i: int) -> None:
    """Refuse a row that says it is longer than its file: the library would allocate that much.

    A row is stored as its length and where it stands: 16 bytes. Where a filter packs these, they
    cannot be seen.
    """
    per_chunk, place = rows.chunks, rows.id.get_offset()
    if per_chunk and not rows.id.get_create_plist().get_nfilters():
        first = i // per_chunk[0] * per_chunk[0]
        data = rows.id.read_direct_chunk((first,))[1][16 * (i - first) :]
    elif place is not None:
        file.seek(place + 16 * i)
        data = file.read(4)
    else:
        return
    if int.from_bytes(data[:4], "little") * 2 > lengths(file).present:
        raise FileFormatError(f"sample {i} says that it is longer than its file")


def _sample(file: BinaryIO, times: Any, units: Any, i: int) -> dict[str, np.ndarray]:
    _check_length(file, times, i)
    _check_length(file, units, i)
    t, unit = np.asarray(times[i]), np.asarray(units[i])
    if t.dtype.kind != "f" or unit.dtype.kind not in "iu" or t.shape != unit.shape:
        raise FileFormatError(f"sample {i} has {t.shape} {t.dtype} times of {unit.dtype} units")
    if len(unit) and (int(unit.min()) < 0 or int(unit.max()) >= 1 << 32):
        raise FileFormatError(f"sample {i} has units from {unit.min()} to {unit.max()}")
    return {"t": microseconds(t, _SECOND, _TIMES), "unit": unit.astype(np.uint32)}


FORMAT = Shd()
