"""An electrocardiogram, whole and beat by beat."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..encoders.send_on_delta import SendOnDelta
from .base import Samples, part_of
from .reading import read_arrays

__all__ = ["beats", "heartbeats"]

#: Seconds: the parts have 6 of the 18 early beats each.
_TRAIN, _VALIDATION = 720.0, 930.0
#: ms around the mark; the shortest interval of the record is 522 ms.
_BEFORE, _AFTER = 250.0, 400.0


def heartbeats(folder: Any = None) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Twenty minutes of an electrocardiogram.

    Returns
    -------
    signal
        mV, float64 (samples, 2).
    rate
        Samples per second.
    beats
        int64: samples at which hearts beat.
    kinds
        Of each: ``"N"`` normal, ``"A"`` too early.
    """
    return _record(folder)[:4]


def beats(split: str = "train", folder: Any = None) -> Samples:
    """The same, beat by beat: mV, float64 (234, 2), from 250 ms before each to 400 ms after.

    Labels are 0 for normal, 1 for too early, of which there are 18 of 1,514. The first 12 minutes
    are training, those up to 15.5 validation, the rest the test: 6 early beats each. ``truth`` has
    ``"since"``, ms since the beat before, which is 0 where there is none. Beats that the record
    does not hold whole are left out. `Samples.events` makes an event of each 0.1 mV by default.

    Moody and Mark 2001, IEEE Eng Med Biol 20:45, record 100.
    """
    signal, rate, at, kinds, digest = _record(folder)
    before, after = (round(ms * 1e-3 * rate) for ms in (_BEFORE, _AFTER))
    since = np.diff(at, prepend=at[:1]) * (1e3 / rate)
    whole = (at >= before) & (at + after <= len(signal))
    at, kinds, since = at[whole], kinds[whole], since[whole]

    def make(k: int) -> np.ndarray:
        return np.asarray(signal[at[k] - before : at[k] + after])

    seconds = at / rate
    parts = {
        "train": seconds < _TRAIN,
        "validation": (seconds >= _TRAIN) & (seconds < _VALIDATION),
        "test": seconds >= _VALIDATION,
    }
    everyone = Samples(
        make, (kinds == "A").astype(np.int64), ("normal", "early"), np.zeros(0),
        np.arange(len(at)), truth={"since": since}, content=f"beats 1 {digest}", dt=1e3 / rate,
        duration=(before + after) * 1e3 / rate, front_end=_changes,
    )  # fmt: skip
    return part_of(everyone, parts, split)


def _changes() -> SendOnDelta:
    return SendOnDelta(d=0.1)


def _record(folder: Any) -> tuple[np.ndarray, float, np.ndarray, np.ndarray, str]:
    data, digest = read_arrays(folder, "ecg-mitbih100", "ecg100_first20min.npz")
    signal = (data["adc"].astype(np.float64) - data["adc_zero"]) / data["adc_gain"]
    kinds = data["beat_symbol"].astype(str)
    real = np.isin(kinds, ("N", "A"))
    at = data["beat_sample"].astype(np.int64)[real]
    return signal, float(data["fs"]), at, kinds[real], digest
