"""How energy, leakage and time follow voltage and frequency: estimates, each with its source.

No chip's maker publishes them. They are figures like any other, so that reports can say which
numbers rest on an estimate, and a user can put his own in their place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from ...errors import ValidationError
from ..figures import Figure, Grade

__all__ = ["Laws", "laws_of", "si"]

_SI = {
    "J": 1.0, "mJ": 1e-3, "uJ": 1e-6, "nJ": 1e-9, "pJ": 1e-12, "fJ": 1e-15,
    "W": 1.0, "mW": 1e-3, "uW": 1e-6, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9,
}  # fmt: skip


def si(figure: Figure) -> float:
    """A figure in J, W or s; other units as they are."""
    return float(figure) * _SI.get(figure.unit, 1.0)


def _guess(value: float, unit: str, source: str, note: str) -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, source, note)


_SAKURAI = "Sakurai and Newton 1990, IEEE J Solid-State Circuits 25:584, the alpha-power law"
_PRACTICE = "common practice in CMOS design; no chip's maker publishes it"


_DEFAULT = {
    "dynamic_exponent": Figure(
        2.0, "power of the voltage", Grade.DERIVED, "energy C V^2 of a charged capacitance"
    ),
    "threshold": _guess(0.4, "nominal voltages", _PRACTICE, "0.3 V of a supply of 0.75 V"),
    "alpha": _guess(1.3, "power of the overdrive", _SAKURAI, "1.2 to 1.5 in short channels"),
    "leakage": _guess(
        2.0, "per nominal voltage", _PRACTICE,
        "drain-induced barrier lowering of 0.1 V/V at 0.75 V, by 1.5 thermal voltages of 26 mV",
    ),
    "clock_share": _guess(
        0.3, "of static power", _PRACTICE, "clock trees are quoted at 20 to 45 % of a chip's power"
    ),
    "memory_share": _guess(0.5, "of leakage", _PRACTICE, "cores are half memory by area"),
    "retained": _guess(0.4, "of leakage", _PRACTICE, "the leakage law at 0.7 of the voltage"),
    "off": _guess(0.05, "of leakage", _PRACTICE, "through the transistors that cut it off"),
    "clock_wake": _guess(10.0, "ns", _PRACTICE, "a few cycles"),
    "sleep_wake": _guess(1.0, "us", _PRACTICE, "a local supply that settles"),
    "gated_wake": _guess(10.0, "us", _PRACTICE, "a supply charged slowly, then a reset"),
    "switching": _guess(1.0, "us", _PRACTICE, "a local supply that settles"),
    "gated_energy": _guess(0.5, "nJ", _PRACTICE, "1 nF of a core's supply at 0.75 V"),
    "width_share": _guess(
        0.5, "of an operation's energy", "Horowitz 2014, ISSCC: adders and memories go with width",
        "half; addressing and routing do not",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Laws:
    """Laws of scaling, voltages as shares of the nominal one.

    Attributes
    ----------
    dynamic_exponent
        Energy of an operation goes with voltage to this power.
    threshold, alpha
        Frequency goes as ``(v - threshold)**alpha / v``.
    leakage
        Leakage power goes as ``v * exp(leakage * (v - 1))``.
    clock_share
        Of static power, what the clock takes: it goes with frequency and voltage squared and stops
        where the clock is gated.
    memory_share
        Of a core's leakage, what leaks in memories, which keep weights and states.
    retained
        Of the leakage of a memory, what is left at the least voltage at which it keeps its
        contents.
    off
        Of the leakage of what is cut off, what is left.
    clock_wake, sleep_wake, gated_wake
        How long a core takes to go on after its clock was gated, after sleep, after its logic was
        cut off.
    switching
        How long a core stands still while its voltage changes.
    gated_energy
        What it takes to charge a core's supply again after it was cut off.
    width_share
        Of the energy of a synaptic event or an update, what goes with the width of the numbers.
    """

    dynamic_exponent: Figure = _DEFAULT["dynamic_exponent"]
    threshold: Figure = _DEFAULT["threshold"]
    alpha: Figure = _DEFAULT["alpha"]
    leakage: Figure = _DEFAULT["leakage"]
    clock_share: Figure = _DEFAULT["clock_share"]
    memory_share: Figure = _DEFAULT["memory_share"]
    retained: Figure = _DEFAULT["retained"]
    off: Figure = _DEFAULT["off"]
    clock_wake: Figure = _DEFAULT["clock_wake"]
    sleep_wake: Figure = _DEFAULT["sleep_wake"]
    gated_wake: Figure = _DEFAULT["gated_wake"]
    switching: Figure = _DEFAULT["switching"]
    gated_energy: Figure = _DEFAULT["gated_energy"]
    width_share: Figure = _DEFAULT["width_share"]

    def __post_init__(self) -> None:
        for field in fields(self):
            figure = getattr(self, field.name)
            if not isinstance(figure, Figure):
                raise ValidationError(f"Laws.{field.name}", f"got {figure!r}", "a Figure")
            if float(figure) < 0:
                raise ValidationError(f"Laws.{field.name}", f"{figure}", "0 or more")
        if not float(self.threshold) < 1:
            raise ValidationError("Laws.threshold", f"{self.threshold}", "less than 1")

    def dynamic(self, voltage: Any) -> Any:
        """Energy of an operation at a voltage, as a share of that at the nominal one."""
        return voltage ** float(self.dynamic_exponent)

    def leaks(self, voltage: float) -> float:
        """Leakage power at a voltage, as a share of that at the nominal one."""
        return voltage * math.exp(float(self.leakage) * (voltage - 1.0))

    def frequency(self, voltage: float) -> float:
        """The highest frequency at a voltage, as a share of that at the nominal one.

        Raises
        ------
        ValidationError
            At or below the transistors' threshold.
        """
        least = float(self.threshold)
        if not voltage > least:
            raise ValidationError(
                "voltage", f"{voltage:g} of the nominal one", f"more than {least:g}",
                "below the transistors' threshold the law says nothing",
            )  # fmt: skip
        return ((voltage - least) / (1.0 - least)) ** float(self.alpha) / voltage

    def describe(self) -> str:
        """All of them as text, each number with grade and source."""
        rows = []
        for field in fields(self):
            figure = getattr(self, field.name)
            note = f"; {figure.note}" if figure.note else ""
            name = field.name.replace("_", " ")
            rows.append(f"{name}: {figure} [{figure.grade}; {figure.source}{note}]")
        return "\n".join(rows)


def laws_of(chip: Any) -> Laws:
    """The laws of a chip: its attribute `laws` if it has one, else those of `Laws`.

    A chip that is said to be asynchronous, or derived from one, has no clock that takes a share.
    """
    given = getattr(chip, "laws", None)
    if given is not None:
        return given  # type: ignore[no-any-return]
    told = [vars(kind).get("features", "") for kind in type(chip).__mro__]
    if any("asynchronous" in features for features in told):
        none = Figure(0.0, "of static power", Grade.DERIVED, "an asynchronous chip has no clock")
        return replace(Laws(), clock_share=none)
    return Laws()
