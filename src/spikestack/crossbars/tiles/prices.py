"""What components around an array cost: energy and area, each with source and grade."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...errors import UnknownNameError, ValidationError

__all__ = ["ADCS", "PARTS", "Adc", "Grade", "Price", "adc_named"]


class Grade(StrEnum):
    """How a price came about, from the most to the least certain."""

    CODE = "public code, of a publication"
    DERIVED = "computed from other figures"
    ESTIMATE = "an estimate"
    USER = "given by the user"


@dataclass(frozen=True)
class Price:
    """One figure.

    Attributes
    ----------
    value
        In SI units.
    unit
        ``"J"``, ``"m2"``, ``"Hz"``, ``"F"`` or ``"m"``.
    grade, source
        How it came about, and where it is from.
    """

    value: float
    unit: str
    grade: Grade
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value >= 0):
            raise ValidationError("Price", f"got {self.value}", "a finite number, at least 0")
        if not (self.source.strip() and self.unit.strip()):
            raise ValidationError("Price", "no source or no unit", "texts: others are refused")


_LIBRARY = "hwcomponents-library 1.0.58"
_ISAAC = f"ISAAC, ISCA 2016, doi 10.1109/ISCA.2016.12, 32 nm, in {_LIBRARY}, isaac.py"
_SCALED = f"the ADC of ISAAC scaled after Saberi and others (2011), in {_LIBRARY}, isaac.py"


@dataclass(frozen=True)
class Adc:
    """Converters of one design.

    Attributes
    ----------
    title
        What it is.
    energy, area
        Of a conversion (J) and of a converter (m2), by bits.
    rate
        Conversions in a second; None where none is published with these figures.
    """

    title: str
    energy: Mapping[int, Price]
    area: Mapping[int, Price]
    rate: Price | None = None

    def energy_of(self, bits: int) -> Price:
        """Of one conversion with so many bits."""
        return _at(self.energy, bits, _STEPS_ENERGY)

    def area_of(self, bits: int) -> Price:
        """Of one converter of so many bits."""
        return _at(self.area, bits, _STEPS_AREA)


def _prices(values: Mapping[int, float], unit: str, source: str) -> dict[int, Price]:
    size = {"J": 1e-12, "m2": 1e-12}[unit]
    return {b: Price(size * v, unit, Grade.CODE, source) for b, v in values.items()}


_ENERGY = {4: 0.79, 5: 0.99, 6: 1.20, 7: 1.42, 8: 1.667, 9: 1.969, 10: 2.379}
_AREA = {4: 361.04, 5: 476.91, 6: 626.91, 7: 845.18, 8: 1200.0, 9: 1827.9, 10: 3002.0}


def _steps(values: Mapping[int, float]) -> dict[int, float]:
    """By how much each bit more multiplies, of 0 to 16 bits; as at the ends beyond them."""
    known = {b: values[b + 1] / values[b] for b in values if b + 1 in values}
    return {b: known[min(max(b, min(known)), max(known))] for b in range(17)}


_STEPS_ENERGY, _STEPS_AREA = _steps(_ENERGY), _steps(_AREA)


def _at(known: Mapping[int, Price], bits: int, steps: Mapping[int, float]) -> Price:
    """The price for so many bits: published, or scaled from the nearest that is."""
    if bits in known:
        return known[bits]
    nearest = min(known, key=lambda b: abs(b - bits))
    low, high = sorted((nearest, bits))
    factor = math.prod(steps[b] for b in range(low, high))
    value = known[nearest].value * (factor if bits > nearest else 1 / factor)
    source = f"{known[nearest].source}; {nearest} bits taken to {bits} as {_SCALED}"
    return Price(value, known[nearest].unit, Grade.ESTIMATE, source)


ADCS: dict[str, Adc] = {
    "ISAAC": Adc(
        "8 bit SAR, 32 nm, 1.2 GS/s, of ISAAC; 4 to 10 bits scaled",
        _prices({b: v for b, v in _ENERGY.items() if b != 8}, "J", _SCALED)
        | _prices({8: _ENERGY[8]}, "J", _ISAAC),
        _prices({b: v for b, v in _AREA.items() if b != 8}, "m2", _SCALED)
        | _prices({8: _AREA[8]}, "m2", _ISAAC),
        Price(1.2e9, "Hz", Grade.CODE, _ISAAC),
    ),
    "BRAHMS": Adc(
        "8 bit, 40 nm, 1.1 GS/s, of BRAHMS",
        _prices({8: 0.291}, "J", f"H. Chen, VLSI 2018, in {_LIBRARY}, brahms.py"),
        _prices({8: 438.0}, "m2", f"H. Chen, VLSI 2018, in {_LIBRARY}, brahms.py"),
        Price(1.1e9, "Hz", Grade.CODE, f"H. Chen, VLSI 2018, in {_LIBRARY}, brahms.py"),
    ),
    "Newton": Adc(
        "9 bit, 32 nm, 1.2 GS/s, of Newton",
        _prices({9: 2.583}, "J", f"Newton, IEEE Micro 38(5) 2018, in {_LIBRARY}, newton.py"),
        _prices({9: 1500.0}, "m2", f"Newton, IEEE Micro 38(5) 2018, in {_LIBRARY}, newton.py"),
        Price(1.2e9, "Hz", Grade.CODE, f"Newton, IEEE Micro 2018, in {_LIBRARY}, newton.py"),
    ),
    "FORMS": Adc(
        "4 bit, 32 nm, of FORMS",
        _prices({4: 0.226}, "J", f"FORMS, ISCA 2021, in {_LIBRARY}, forms.py"),
        _prices({4: 284.0}, "m2", f"FORMS, ISCA 2021, in {_LIBRARY}, forms.py"),
    ),
    "TIMELY": Adc(
        "8 bit time to digital, 65 nm, of TIMELY",
        _prices({8: 0.145}, "J", f"TIMELY, ISCA 2020, in {_LIBRARY}, timely.py"),
        _prices({8: 310.0}, "m2", f"TIMELY, ISCA 2020, in {_LIBRARY}, timely.py"),
    ),
}


def adc_named(name: str) -> Adc:
    """Converters by the name of their design.

    Raises
    ------
    UnknownNameError
        If there are none of that name.
    """
    if name not in ADCS:
        raise UnknownNameError("costs, adc", name, ADCS)
    return ADCS[name]


_TIMELY = f"digital to time, 8 bit, 65 nm, TIMELY, ISCA 2020, in {_LIBRARY}, timely.py"
_LINE = "a common rule of thumb, 0.2 fF for each um of wire, with cells of the pitch below"

#: All but the converters of outputs.
PARTS: dict[str, Price] = {
    "DAC energy": Price(0.0375e-12, "J", Grade.CODE, _TIMELY),
    "DAC area": Price(240e-12, "m2", Grade.CODE, _TIMELY),
    "shift and add energy": Price(0.021e-12, "J", Grade.CODE, _ISAAC),
    "shift and add area": Price(60e-12, "m2", Grade.CODE, _ISAAC),
    "multiply energy": Price(
        0.2e-12, "J", Grade.CODE, f"8 x 8 bit, Sze and others (2020), in {_LIBRARY}, raella.py"
    ),
    "buffer energy": Price(20.45e-12 / 256, "J", Grade.CODE, f"eDRAM, each bit; {_ISAAC}"),
    "buffer area": Price(83_000e-12 / 2**19, "m2", Grade.CODE, f"eDRAM, each bit; {_ISAAC}"),
    "bus energy": Price(0.054e-12, "J", Grade.CODE, f"from buffer to array, each bit; {_ISAAC}"),
    "feature": Price(
        32e-9, "m", Grade.ESTIMATE, "the node of ISAAC: that of the converters, not of the cells"
    ),
    "line capacitance": Price(0.2e-15 / 1e-6, "F", Grade.ESTIMATE, f"for each m; {_LINE}"),
}

#: Sides of a cell in features: default cells of MLP NeuroSim 3.0, Cell.cpp.
SIDES = {"1T1R": 4.0, "passive": 2.0, "selector": 2.0}
