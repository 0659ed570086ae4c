"""Spike tables in HDF5: SONATA's spikes, and the units of an NWB file."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ...errors import FileFormatError, UnknownNameError, ValidationError
from ..events import Events, UnitEvents
from .base import Columns, EventFormat, Header, Truncated
from .hdf5_cut import lengths
from .hdf5_files import MAGIC, column, holds, library, microseconds, opened, present
from .hdf5_texts import check_texts

__all__ = ["FORMATS"]

_PER_UNIT = {"ms": 1e3, "s": 1e6, "us": 1.0}
_SORTING = {"none": 0, "by_id": 1, "by_time": 2}


@dataclass(frozen=True)
class Sonata(EventFormat):
    """Spikes of one population of a SONATA file, in order of time.

    Source: the SONATA developer guide, of the Allen Institute and the Blue Brain Project.

    Parameters
    ----------
    population
        Its name; may be left out if there is only one.
    """

    name = "sonata"
    summary = "SONATA spikes, in HDF5"
    suffixes = (".sonata.h5",)

    population: str | None = None

    def matches(self, head: bytes, suffix: str) -> bool:
        """By being HDF5."""
        return head.startswith(MAGIC)

    def confirms(self, file: BinaryIO) -> bool:
        """By the names of its arrays."""
        if not holds(file, "spikes"):
            return False
        with opened(file) as data:
            return bool(_populations(data))

    def header(self, file: BinaryIO) -> Header:
        """Which populations there are."""
        with opened(file) as data:
            known = _populations(data)
            if not known:
                raise FileFormatError("no SONATA spikes: no group below 'spikes' has timestamps")
            if self.population is None and len(known) > 1:
                raise ValidationError("sonata, population", "there are several", f"one of {known}")
            name = known[0] if self.population is None else self.population
            if name not in known:
                raise UnknownNameError("sonata, population", name, known)
            unit: Any = _text(file, data[f"spikes/{name}/timestamps"], "units", "ms")
            unit = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else unit
            if not isinstance(unit, str) or unit not in _PER_UNIT:
                raise FileFormatError(f"SONATA spikes with times in {unit!r}")
        about = {"populations": known, "population": name, "time_unit": unit}
        return Header(kind=UnitEvents, about=about)

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Read the population, and sort it."""
        where = f"spikes/{header.about['population']}"
        with opened(file) as data:
            times = column(file, data, f"{where}/timestamps", "fiu")
            ids = column(file, data, f"{where}/node_ids", "iu")
            if len(times) != len(ids):
                raise FileFormatError(f"{len(times)} timestamps of {len(ids)} node_ids in {where}")
            total = len(times)
            held = min(present(file, times), present(file, ids))
            times, ids = times[:held], ids[:held]
        t = microseconds(times, _PER_UNIT[header.about["time_unit"]], f"{where}/timestamps")
        yield from _by_time(t, ids, most)
        _check_end(file, held, total)

    def write(
        self, file: BinaryIO, events: Events, population: str = "spikes", **settings: Any
    ) -> None:
        """Write the spikes of one population, in order of time.

        Raises
        ------
        ValidationError
            If the events are of a camera, or the name of the population is none.
        """
        if not isinstance(events, UnitEvents) or settings:
            raise ValidationError("sonata", "writes UnitEvents; its setting is population")
        if not population or "/" in population or population == "." or "\0" in population:
            raise ValidationError("sonata, population", f"got {population!r}", "no '/'")
        h5py = library()
        with h5py.File(file, "w") as data:
            data.attrs["magic"] = np.uint32(0x0A7A)
            data.attrs["version"] = np.array([0, 1], np.uint32)
            group = data.create_group(f"spikes/{population}")
            kind = h5py.enum_dtype(_SORTING, basetype="i1")
            group.attrs.create("sorting", _SORTING["by_time"], dtype=kind)
            group["timestamps"] = events.t / _PER_UNIT["ms"]
            group["timestamps"].attrs["units"] = "ms"
            group["node_ids"] = events.unit.astype(np.uint64)


class Nwb(EventFormat):
    """The table of units of an NWB file: a unit is the number of its row; in order of time.

    Source: the schema of NWB 2 (nwb-schema, hdmf-common-schema).
    """

    name = "nwb"
    summary = "spikes of the units of an NWB file"
    suffixes = (".nwb",)

    def matches(self, head: bytes, suffix: str) -> bool:
        """By being HDF5."""
        return head.startswith(MAGIC)

    def confirms(self, file: BinaryIO) -> bool:
        """By the names of its arrays."""
        return holds(file, "units/spike_times", "units/spike_times_index")

    def header(self, file: BinaryIO) -> Header:
        """How many units there are, and their ids."""
        with opened(file) as data:
            ends = column(file, data, "units/spike_times_index", "iu")
            ids = _ids(file, data)
            units = len(ends)
        return Header({"units": units} if units else {}, UnitEvents, {"ids": ids})

    def chunks(self, file: BinaryIO, header: Header, most: int) -> Iterator[Columns]:
        """Read all spikes, and sort them."""
        with opened(file) as data:
            times = column(file, data, "units/spike_times", "f")
            index = column(file, data, "units/spike_times_index", "iu")
            if present(file, index) < len(index):
                raise FileFormatError("which units spikes are of is lost")
            total, held = len(times), present(file, times)
            times, ends = times[:held], index[:].astype(np.int64)
        counts = np.diff(ends, prepend=0)
        if (counts < 0).any() or counts.sum() != total:
            raise FileFormatError(f"the index of {total} spike times does not fit them")
        counts = np.diff(np.minimum(ends, held), prepend=0)
        unit = np.repeat(np.arange(len(ends), dtype=np.uint32), counts)
        yield from _by_time(microseconds(times, 1e6, "units/spike_times"), unit, most)
        _check_end(file, held, total)

    def write(
        self,
        file: BinaryIO,
        events: Events,
        description: str = "spikes",
        start: datetime.datetime | None = None,
        **settings: Any,
    ) -> None:
        """Write a file with a table of units and nothing else, as pynwb reads it.

        Parameters
        ----------
        file, events
            As always.
        description
            Of the session.
        start
            When it began, with its time zone; now unless given.

        Raises
        ------
        ValidationError
            If the events are of a camera.
        """
        if not isinstance(events, UnitEvents) or settings or events.units > 1 << 24:
            raise ValidationError(
                "nwb", "writes UnitEvents of up to 2^24 units", "description, start"
            )
        now = datetime.datetime.now(datetime.UTC)
        order = np.argsort(events.unit, kind="stable")
        with library().File(file, "w") as data:
            _nwb_frame(data, description, (start or now).isoformat(), now.isoformat())
            units = _typed(data.create_group("units"), "Units", "core")
            units.attrs["description"] = "spikes of each unit"
            units.attrs["colnames"] = np.array(["spike_times"], library().string_dtype())
            units["id"] = np.arange(events.units, dtype=np.int64)
            _typed(units["id"], "ElementIdentifiers", "hdmf-common")
            # The longest comes last, so that little is lost if the file is cut off.
            units["spike_times_index"] = np.cumsum(events.counts()).astype(np.uint64)
            units["spike_times"] = events.t[order] / 1e6
            _typed(units["spike_times"], "VectorData", "hdmf-common")
            units["spike_times"].attrs["description"] = "s, of each unit in turn"
            index = _typed(units["spike_times_index"], "VectorIndex", "hdmf-common")
            index.attrs["description"] = "where the spikes of each unit end"
            index.attrs["target"] = units["spike_times"].ref


def _nwb_frame(data: Any, description: str, start: str, now: str) -> None:
    """What every NWB file must hold."""
    _typed(data, "NWBFile", "core").attrs["nwb_version"] = "2.7.0"
    text = library().string_dtype()
    data.create_dataset("file_create_date", data=np.array([now], object), dtype=text)
    data["identifier"] = str(uuid.uuid4())
    data["session_description"] = description
    data["session_start_time"] = start
    data["timestamps_reference_time"] = start
    for name in ("acquisition", "analysis", "general", "processing"):
        data.create_group(name)
    for name in ("presentation", "templates"):
        data.create_group(f"stimulus/{name}")


def _typed(target: Any, kind: str, namespace: str) -> Any:
    target.attrs["neurodata_type"] = kind
    target.attrs["namespace"] = namespace
    target.attrs["object_id"] = str(uuid.uuid4())
    return target


def _text(file: BinaryIO, target: Any, name: str, default: str) -> Any:
    """A text that is an attribute; None if it is anything else.

    It is looked at before it is read: the library crashes on some damaged ones.
    """
    if name not in target.attrs:
        return default
    found = target.attrs.get_id(name)
    kind = found.get_type()
    is_text = isinstance(kind, library().h5t.TypeStringID)
    if not is_text or found.shape not in {(), (1,)} or kind.get_size() > 64:
        return None
    if kind.is_variable_str() and found.get_storage_size() != 16:
        return None
    check_texts(file, library().h5o.get_info(target.id).addr)
    return np.ravel(target.attrs[name])[0]


def _ids(file: BinaryIO, data: Any) -> list[int]:
    if "units/id" not in data:
        return []
    ids = column(file, data, "units/id", "iu")
    made: list[int] = ids[: present(file, ids)].tolist()
    return made


def _populations(data: Any) -> list[str]:
    spikes = data.get("spikes")
    if not isinstance(spikes, library().Group):
        return []
    return [
        name for name in spikes if f"{name}/timestamps" in spikes and f"{name}/node_ids" in spikes
    ]


def _check_end(file: BinaryIO, held: int, total: int) -> None:
    if held < total:
        raise Truncated(f"{lengths(file)}, and {held} of {total} spikes")


def _by_time(t: np.ndarray, ids: np.ndarray, most: int) -> Iterator[Columns]:
    if len(ids) and (int(ids.min()) < 0 or int(ids.max()) >= 1 << 32):
        raise FileFormatError(f"units from {ids.min()} to {ids.max()}, and 0 to 2^32 - 1 are known")
    if (t[1:] < t[:-1]).any():
        order = np.argsort(t, kind="stable")
        t, ids = t[order], ids[order]
    for first in range(0, len(t), most):
        last = first + most
        yield {"t": t[first:last], "unit": ids[first:last].astype(np.uint32)}


FORMATS = (Sonata(), Nwb())
