"""Check and sort what a `SpikeRecord` is made of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ValidationError
from .checks import checked_dt, checked_ids, checked_span, frozen, integers, numbers
from .statistics import whole_steps

if TYPE_CHECKING:
    from .spikes import SpikeRecord

__all__ = ["arranged"]

MOST = 2**31 - 1
Array = npt.NDArray[Any]


def arranged(record: SpikeRecord, where: str) -> dict[str, Any]:
    """The fields of `record`, checked, in their types, sorted and read-only.

    Raises
    ------
    ValidationError
        When they do not fit each other, the population or the window.
    """
    fields = _scalars(record, where)
    arrays = _arrays(record, where)
    ranges = {
        "ids": (0, fields["size"] - 1),
        "trials": (0, fields["n_trials"] - 1),
        "steps": tuple(
            whole_steps(time, fields["dt"]) for time in (fields["t_start"], fields["t_stop"])
        ),
    }
    for name, (low, high) in ranges.items():
        array = arrays[name]
        if array.size and (array.min() < low or array.max() > high):
            raise ValidationError(
                f"{where}.{name}",
                f"reach from {array.min()} to {array.max()}",
                f"must be from {low} to {high}",
            )
    _check_recorded(arrays["ids"], fields["recorded"], fields["size"], where)
    trials, steps, ids = arrays["trials"], arrays["steps"], arrays["ids"]
    if not _is_sorted(trials, steps, ids):
        order = np.lexsort((ids, steps, trials))
        arrays = {name: array[order] for name, array in arrays.items()}
    return {"values": None, **fields, **{name: frozen(array) for name, array in arrays.items()}}


def _scalars(record: SpikeRecord, where: str) -> dict[str, Any]:
    for name in ("size", "n_trials"):
        if not 1 <= getattr(record, name) <= MOST:
            raise ValidationError(
                f"{where}.{name}", f"got {getattr(record, name)}", f"must be in [1, {MOST}]"
            )
    shape = tuple(int(length) for length in record.shape) or (int(record.size),)
    if math.prod(shape) != record.size:
        raise ValidationError(f"{where}.shape", f"got {shape}", f"must hold {record.size} neurons")
    t_start, t_stop = checked_span(record.t_start, record.t_stop, where)
    recorded = record.recorded
    if recorded is not None:
        recorded = frozen(checked_ids(recorded, record.size, f"{where}.recorded"))
    return {
        "size": int(record.size),
        "n_trials": int(record.n_trials),
        "shape": shape,
        "dt": checked_dt(record.dt, where),
        "t_start": t_start,
        "t_stop": t_stop,
        "recorded": recorded,
    }


def _arrays(record: SpikeRecord, where: str) -> dict[str, Array]:
    steps = integers(record.steps, np.int64, f"{where}.steps")
    trials = np.asarray(record.trials)
    trials = np.broadcast_to(trials, steps.shape) if trials.ndim == 0 else trials
    arrays: dict[str, Array] = {
        "steps": steps,
        "ids": integers(record.ids, np.int32, f"{where}.ids"),
        "trials": integers(trials, np.int32, f"{where}.trials"),
    }
    if record.values is not None:
        arrays["values"] = numbers(record.values, f"{where}.values")
    lengths = {name: array.shape for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValidationError(where, f"arrays have shapes {lengths}", "one entry a spike is needed")
    return arrays


def _check_recorded(ids: Array, recorded: Array | None, size: int, where: str) -> None:
    if recorded is None:
        return
    known = np.zeros(size, bool)
    known[recorded] = True
    if not known[ids].all():
        raise ValidationError(f"{where}.ids", "has spikes of neurons that are not in `recorded`")


def _is_sorted(trials: Array, steps: Array, ids: Array) -> bool:
    falls = ids[1:] < ids[:-1]
    for outer in (steps, trials):
        falls = (outer[1:] < outer[:-1]) | ((outer[1:] == outer[:-1]) & falls)
    return not falls.any()
