"""Codes for every circuit, searched for until what is measured is what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import MissingExtraError, ValidationError
from .knobs import Circuits, Law
from .measuring import Bench, peak

__all__ = ["Calibration", "calibrate"]

#: In this order: a strength is measured with the time constants that it will have.
_ORDER = (
    "leak", "reset", "threshold", "tau_mem", "tau_exc", "tau_inh", "strength_exc", "strength_inh",
)  # fmt: skip
#: Farther from the target than this, a circuit is masked: units of the converter, or a share.
_FAR_LEVEL, _FAR_SHARE = 6.0, 0.25
_MOST_TRIES = 24


@dataclass(frozen=True)
class Calibration:
    """What calibration found: one code per circuit and setting.

    Attributes
    ----------
    targets
        What was wanted, by setting (float64[circuits]); potentials in units of the converter,
        times in us of the chip, strengths in such units per us and unit of weight.
    codes, gears
        What was set (int64[circuits]).
    measured
        What the converters saw at the end.
    values
        What circuits really have as a network runs, which only the emulator knows.
    success
        By setting, whether the target was reached (bool[circuits]).
    searched
        Whether codes were searched for, or are those of a circuit without mismatch.
    """

    targets: Mapping[str, np.ndarray]
    codes: Mapping[str, np.ndarray]
    gears: Mapping[str, np.ndarray]
    measured: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    success: Mapping[str, np.ndarray]
    searched: bool

    @property
    def usable(self) -> np.ndarray:
        """Circuits that reached every target (bool[circuits]); all, if none was searched for."""
        return np.logical_and.reduce(list(self.success.values()))

    @property
    def yield_(self) -> float:
        """Share of circuits that reached every target."""
        return float(self.usable.mean())

    def spread(self, name: str) -> float:
        """How far usable circuits are from a target, at root mean square.

        Potentials in units of the converter, everything else as a share of the target.
        """
        if name not in self.values:
            raise ValidationError("Calibration.spread", f"no {name!r}", ", ".join(self.values))
        used = self.usable
        apart = (self.values[name] - self.targets[name])[used]
        if name not in ("leak", "reset", "threshold"):
            apart = apart / self.targets[name][used]
        return float(np.sqrt(np.mean(apart**2))) if len(apart) else float("nan")

    def table(self) -> str:
        """Spread, yield and mean code of each setting, as text."""
        rows = ["setting        spread        reached %   mean code"]
        for name in self.values:
            level = name in ("leak", "reset", "threshold")
            apart = self.spread(name)
            told = f"{apart:5.2f} LSB" if level else f"{100 * apart:5.1f} %  "
            reached = 100 * float(self.success[name].mean())
            rows.append(f"{name:13}  {told}   {reached:9.1f}   {self.codes[name].mean():9.1f}")
        return "\n".join(rows)

    def __str__(self) -> str:
        how = "calibrated" if self.searched else "not calibrated"
        return f"{len(self.usable)} circuits, {how}, {100 * self.yield_:.1f} %\n{self.table()}"

    def plot(self) -> Any:
        """Histograms of every setting by its target; a Matplotlib figure.

        Raises
        ------
        MissingExtraError
            Without Matplotlib.
        """
        try:
            from matplotlib.figure import Figure as Picture
        except ImportError as error:
            raise MissingExtraError("Calibration.plot", "plots") from error
        picture = Picture(figsize=(12, 5), layout="constrained")
        for ax, name in zip(picture.subplots(2, 4).flat, self.values, strict=True):
            ax.hist((self.values[name] / self.targets[name])[self.usable], 30)
            ax.set_title(f"{name}: {self.spread(name):.3g}")
            ax.set_xlabel("by its target")
        return picture


def calibrate(
    circuits: Circuits, bench: Bench, targets: Mapping[str, Any], search: bool = True
) -> Calibration:
    """Set all circuits.

    Parameters
    ----------
    circuits
        With their mismatch.
    bench
        What they are measured with.
    targets
        By setting: one number, or one for each circuit.
    search
        Bisect each code by what is measured; else take the code of a circuit without mismatch.

    Raises
    ------
    ValidationError
        If a target is missing, unknown, or no positive number.
    """
    wanted = _checked(targets, circuits)
    codes, gears, measured, values, success, held = {}, {}, {}, {}, {}, {}
    for name in _ORDER:
        knob, target = circuits.knobs[name], wanted[name]
        gear = knob.gear_for(target)
        see = _observer(name, circuits, bench, wanted, values, gear)
        aim = _aim(name, target, wanted)
        code = knob.nominal(target, gear)
        if search:
            code = _bisected(see, aim, knob.law == Law.TIME, knob.least, knob.most)
        codes[name], gears[name] = code, gear
        values[name] = circuits.value(name, code, gear)
        found = see(code, _MOST_TRIES)
        measured[name] = found if knob.law != Law.STRENGTH else target * found / aim
        near = np.abs(found - aim) <= (_FAR_LEVEL if knob.law == Law.LEVEL else _FAR_SHARE * aim)
        success[name] = near if search else np.ones(len(target), bool)
        held[name] = circuits.later(name, code, gear)
    return Calibration(wanted, codes, gears, measured, held, success, search)


def _checked(targets: Mapping[str, Any], circuits: Circuits) -> dict[str, np.ndarray]:
    unknown = sorted(set(targets) ^ set(_ORDER))
    if unknown:
        raise ValidationError("calibrate, targets", f"{unknown[0]!r}", f"{', '.join(_ORDER)}")
    made = {}
    for name, given in targets.items():
        value = np.broadcast_to(np.asarray(given, float), circuits.count)
        level = circuits.knobs[name].law == Law.LEVEL
        if not np.isfinite(value).all() or (value < 0).any() or (not level and not value.all()):
            raise ValidationError(f"calibrate, target {name!r}", f"{given!r}", "positive numbers")
        made[name] = value
    return made


def _aim(name: str, target: np.ndarray, wanted: Mapping[str, np.ndarray]) -> np.ndarray:
    """What is to be measured."""
    if name.startswith("strength"):
        return np.asarray(target * peak(wanted[f"tau_{name[-3:]}"], wanted["tau_mem"]))
    return target


def _observer(
    name: str,
    circuits: Circuits,
    bench: Bench,
    wanted: Mapping[str, np.ndarray],
    values: Mapping[str, np.ndarray],
    gear: np.ndarray,
) -> Callable[[np.ndarray, int], np.ndarray]:
    """A measurement of what a code does."""
    law = circuits.knobs[name].law

    def see(code: np.ndarray, attempt: int) -> np.ndarray:
        true = circuits.value(name, code, gear)
        if law == Law.LEVEL:
            return bench.level(true, name, attempt)
        if law == Law.TIME:
            return bench.decay(true, wanted[name], name, attempt)
        rise = values[f"tau_{name[-3:]}"]
        return bench.height(true, rise, values["tau_mem"], name, attempt)

    return see


def _bisected(
    see: Callable[[np.ndarray, int], np.ndarray],
    aim: np.ndarray,
    falling: bool,
    least: int,
    most: int,
) -> np.ndarray:
    """For each circuit the code whose measurement is closest to `aim`, by halving."""
    low = np.full(len(aim), least, np.int64)
    high = np.full(len(aim), most, np.int64)
    attempt = 0
    while (high - low > 1).any():
        middle = (low + high) // 2
        above = (see(middle, attempt) > aim) != falling
        high, low = np.where(above, middle, high), np.where(above, low, middle)
        attempt += 1
    below, over = see(low, attempt), see(high, attempt + 1)
    return np.where(np.abs(below - aim) <= np.abs(over - aim), low, high)
