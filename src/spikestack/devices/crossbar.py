"""What stands behind the weights of a projection: arrays of devices, wires, converters, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from ..errors import ValidationError, shorten
from ..units import DIMENSIONLESS, magnitude, parse_unit
from . import device_of
from .base import Device

__all__ = ["Crossbar"]

_ENCODINGS = ("differential", "offset")
_ACCESS = ("1T1R", "passive", "selector")
_PROGRAMMING = ("exact", "statistics", "write-verify")
_SCALES = ("array", "tile", "column")
_COMPENSATIONS = ("global drift", "column drift", "remapping", "redundancy", "calibration")


@dataclass(frozen=True)
class Crossbar:
    """A description of crossbars that realise weights.

    Parameters
    ----------
    device
        What each cell is; a text names one with its defaults: ``"PCM"``, ``"window/TiO2"``.
    encoding
        How signed weights become conductances: ``"differential"``, the difference of two devices;
        ``"offset"``, one device, and a column of reference devices in the middle of the window.
    slices, bits_per_cell
        Cells that share a weight, each of so many bits, most significant first; 0 bits: analog.
    scale
        Weights that share the scale by which they become conductances: those of the whole
        ``"array"``, of a ``"tile"``, of an output's ``"column"`` in a tile.
    rows, columns
        Of one tile, all its lines counted; larger matrices are split.
    r_word, r_bit
        Ohms of a segment of word and bit line.
    access
        ``"1T1R"``, ``"passive"`` or ``"selector"``.
    r_access
        Ohms of the access transistor when it conducts.
    dac_bits, adc_bits
        Of the converters, sign included; 0: exact.
    input_range
        The greatest input that is converted; 0: the greatest of each vector of inputs.
    adc_range
        The greatest output that is converted, in currents of one cell that is read through its
        whole window; 0: calibrated.
    adaptive_adc
        Whether slices of less significance are converted with fewer bits.
    columns_per_adc
        Outputs of a tile that take turns at one converter.
    output_noise
        Standard deviation of noise at every output before its converter, in units of `adc_range`.
    v_read, t_read
        Volts and seconds of a reading; those of the device and 10 ns by default.
    read_noise
        Whether reading is noisy: by the device, where it has noise of reading, and by thermal and
        shot noise of the currents.
    temperature
        Kelvins, of the thermal noise.
    programming
        ``"exact"``; ``"statistics"``, the spread measured of the device; ``"write-verify"``, by
        pulses.
    tolerance
        Of write and verify, as a share of the window.
    spread
        Device-to-device spread of the device's parameters: coefficient of variation by name;
        lognormal.
    stuck_low, stuck_high
        Shares of cells stuck at the ends of the window.
    compensation
        What is done against drift and faults of weights that stay, of ``"global drift"``,
        ``"column drift"``, ``"remapping"``, ``"redundancy"``, ``"calibration"``: see
        `spikestack.crossbars.compensation`.
    copies
        Cells side by side that hold each digit with ``"redundancy"``; their currents are averaged.
    age
        Seconds between programming and use.
    least_update
        Share of the window below which a learning step sends no pulse; it is accumulated with
        `accumulate`, else dropped.
    accumulate
        See `least_update`.
    most_pulses
        Pulses that one learning step may send to a device.
    seed
        Of all that is drawn; with the network's and the projection's name.

    Raises
    ------
    ValidationError, UnitError
        If a value is out of its range.
    """

    device: Device
    encoding: str = "differential"
    slices: int = 1
    bits_per_cell: int = 0
    scale: str = "tile"
    rows: int = 256
    columns: int = 256
    r_word: Any = 0.0
    r_bit: Any = 0.0
    access: str = "1T1R"
    r_access: Any = 0.0
    dac_bits: int = 0
    adc_bits: int = 0
    input_range: float = 0.0
    adc_range: float = 0.0
    adaptive_adc: bool = False
    columns_per_adc: int = 128
    output_noise: float = 0.0
    v_read: Any = None
    t_read: Any = 10e-9
    read_noise: bool = True
    temperature: float = 300.0
    programming: str = "statistics"
    tolerance: float = 0.02
    spread: Mapping[str, float] = field(default_factory=dict)
    stuck_low: float = 0.0
    stuck_high: float = 0.0
    compensation: tuple[str, ...] = ()
    copies: int = 2
    age: Any = 0.0
    least_update: float = 0.0
    accumulate: bool = False
    most_pulses: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.device, str):
            self._put("device", device_of(self.device))
        if not isinstance(self.device, Device):
            raise ValidationError(
                "Crossbar.device",
                f"got {shorten(self.device)}",
                "a device",
                "such as spikestack.devices.PCM(); spikestack devices lists them",
            )
        self._check_choices()
        for name, unit in (("r_word", "Ohm"), ("r_bit", "Ohm"), ("r_access", "Ohm"),
                           ("t_read", "s"), ("age", "s")):  # fmt: skip
            self._put(name, _in_si(getattr(self, name), unit, f"Crossbar.{name}"))
        volts = self.device.v_read if self.v_read is None else self.v_read
        self._put("v_read", _in_si(volts, "V", "Crossbar.v_read"))
        for name in ("v_read", "t_read"):
            _check(getattr(self, name) > 0, name, getattr(self, name), "more than 0")
        for name in ("input_range", "adc_range", "output_noise", "temperature"):
            value = magnitude(getattr(self, name), DIMENSIONLESS, f"Crossbar.{name}")
            fine = isinstance(value, float) and 0 <= value < math.inf
            _check(fine, name, value, "at least 0")
            self._put(name, value)
        for name in ("tolerance", "stuck_low", "stuck_high", "least_update"):
            value = magnitude(getattr(self, name), DIMENSIONLESS, f"Crossbar.{name}")
            _check(isinstance(value, float) and 0 <= value <= 1, name, value, "from 0 to 1")
            self._put(name, value)
        _check(self.stuck_low + self.stuck_high <= 1, "stuck_high", self.stuck_high, "a share")
        spread = dict(self.spread)
        for name, value in spread.items():
            _check(name in self.device.parameters, f"spread[{name!r}]", value,
                   f"of a parameter of {self.device.label}")  # fmt: skip
            _check(isinstance(value, int | float) and 0 <= value <= 2, f"spread[{name!r}]", value,
                   "from 0 to 2")  # fmt: skip
        self._put("spread", spread)

    def to_dict(self) -> dict[str, Any]:
        """It as plain data."""
        made = {f.name: getattr(self, f.name) for f in fields(self)}
        made["compensation"] = list(self.compensation)
        return made | {"device": self.device.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """What `to_dict` described."""
        return cls(**{**data, "device": device_of(data["device"])})

    def _put(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_choices(self) -> None:
        for name, known in (("encoding", _ENCODINGS), ("access", _ACCESS), ("scale", _SCALES),
                            ("programming", _PROGRAMMING)):  # fmt: skip
            _check(getattr(self, name) in known, name, getattr(self, name), f"one of {known}")
        given = self.compensation
        given = (given,) if isinstance(given, str) else tuple(given)
        for one in given:
            _check(one in _COMPENSATIONS, "compensation", one, f"of {_COMPENSATIONS}")
        self._put("compensation", given)
        for name, low, high in (("slices", 1, 16), ("bits_per_cell", 0, 8), ("rows", 1, 2**16),
                                ("columns", 1, 2**16), ("dac_bits", 0, 16), ("adc_bits", 0, 16),
                                ("columns_per_adc", 1, 2**16), ("copies", 1, 16),
                                ("most_pulses", 1, 8), ("seed", 0, 2**63 - 1)):  # fmt: skip
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            _check(whole and low <= value <= high, name, value, f"whole, {low} to {high}")
        for name in ("dac_bits", "adc_bits"):
            _check(getattr(self, name) != 1, name, 1, "at least 2: one is the sign; or 0: exact")
        _check(self.slices * self.bits_per_cell <= 32, "slices", self.slices,
               "at most 32 bits in all")  # fmt: skip
        _check(self.slices == 1 or self.bits_per_cell > 0, "bits_per_cell", self.bits_per_cell,
               "at least 1 where several cells share a weight")  # fmt: skip


def _check(fine: bool, name: str, value: Any, rule: str) -> None:
    if not fine:
        raise ValidationError(f"Crossbar.{name}", f"got {shorten(value)}", rule)


def _in_si(value: Any, unit: str, where: str) -> float:
    """A number in a plain SI unit, which may be given as text or quantity."""
    found = magnitude(value, parse_unit(unit), where)
    if not (isinstance(found, int | float) and math.isfinite(found) and found >= 0):
        raise ValidationError(where, f"got {shorten(value)}", f"at least 0 {unit}")
    return float(found)
