"""Energy that others have measured and published, with sources: rows to stand beside a chip's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .figures import Figure, Grade

__all__ = ["MEASURED", "Measured", "measured"]

_BLOUW = "Blouw et al. 2019, arXiv:1812.01739"
_ALBADA = "van Albada et al. 2018, doi:10.3389/fnins.2018.00291"
_ESSER = "Esser et al. 2016, PNAS, doi:10.1073/pnas.1604850113"
_MEROLLA = "Merolla et al. 2014, Science 345:668, doi:10.1126/science.1254642"
_HALA = "Intel, 17 April 2024, as reported by eeNews Europe"


@dataclass(frozen=True)
class Measured:
    """One row: a device at a task.

    Attributes
    ----------
    task, device
        What was done, on what.
    quantities
        Figures by name: ``"idle"``, ``"running"``, ``"dynamic"`` in W; ``"rate"`` in inferences
        per second; ``"energy"`` in J, dynamic, of an inference; and others.
    """

    task: str
    device: str
    quantities: Mapping[str, Figure] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return float(self.quantities[name])

    def __contains__(self, name: str) -> bool:
        return name in self.quantities

    @property
    def idle_energy(self) -> float:
        """J of idle power for the time of an inference."""
        return self["idle"] / self["rate"]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {figure}" for name, figure in self.quantities.items())
        sources = "; ".join(dict.fromkeys(f.source for f in self.quantities.values()))
        return f"{self.task} on {self.device}: {told} [{sources}]"


def _keywords(device: str, *numbers: float) -> Measured:
    names = ("idle", "running", "dynamic", "rate", "energy")
    units = ("W", "W", "W", "inferences/s", "J")
    return Measured("keyword spotting", device, {
        name: Figure(number, unit, Grade.SILICON, _BLOUW, "one at a time; energy is dynamic alone")
        for name, unit, number in zip(names, units, numbers, strict=True)
    })  # fmt: skip


def _one(
    task: str, device: str, grade: Grade, source: str, note: str, **numbers: tuple[float, str]
) -> Measured:
    return Measured(task, device, {
        name: Figure(value, unit, grade, source, note) for name, (value, unit) in numbers.items()
    })  # fmt: skip


#: What is known, in the order of tables. The first five are target R1 of the fact sheet.
MEASURED = (
    _keywords("GPU", 14.97, 37.83, 22.86, 770, 0.0298),
    _keywords("CPU", 17.01, 28.48, 11.47, 1814, 0.0063),
    _keywords("Jetson TX1", 2.64, 4.98, 2.34, 419, 0.0056),
    _keywords("Movidius", 0.210, 0.647, 0.437, 300, 0.0015),
    _keywords("Loihi", 0.029, 0.110, 0.081, 296, 0.00027),
    _one("operating point", "TrueNorth", Grade.SILICON, _MEROLLA, "20 Hz, 128 synapses, 0.775 V",
         running=(0.072, "W"), event=(26e-12, "J")),
    _one("image classification, least", "TrueNorth", Grade.SILICON, _ESSER, "of eight data sets",
         running=(0.025, "W"), rate=(1200, "inferences/s")),
    _one("image classification, most", "TrueNorth", Grade.SILICON, _ESSER, "of eight data sets",
         running=(0.275, "W"), rate=(2600, "inferences/s")),
    _one("cortical microcircuit", "SpiNNaker", Grade.UNVERIFIED, _ALBADA,
         "everything divided by events; value seen second-hand", event=(5.9e-6, "J")),
    _one("cortical microcircuit", "CPU cluster", Grade.UNVERIFIED, _ALBADA,
         "NEST, the better of 4.4 to 5.8 uJ; value seen second-hand", event=(4.4e-6, "J")),
    _one("keyword spotting, Aloha", "Xylo Audio 2", Grade.SILICON, "Rockpool, abstract",
         "as listed by a paper index", dynamic=(291e-6, "W"), energy=(6.6e-6, "J")),
    _one("language model of 3 billion", "NorthPole, 16 cards", Grade.MAKER, "IBM 2024", "tokens",
         running=(672, "W"), rate=(28_356, "tokens/s")),
    _one("language model of 8 billion", "NorthPole, rack", Grade.SILICON, "arXiv:2511.15950",
         "288 cards", running=(30e3, "W")),
    _one("at most", "Hala Point", Grade.MAKER, _HALA, "lower figures are claims",
         running=(2600, "W"), rate=(380e12, "synaptic operations/s")),
)  # fmt: skip


def measured(task: str | None = None, device: str | None = None) -> tuple[Measured, ...]:
    """Rows of `MEASURED` of one task, on one device, or both."""
    return tuple(
        row for row in MEASURED
        if (task is None or row.task == task) and (device is None or row.device == device)
    )  # fmt: skip
