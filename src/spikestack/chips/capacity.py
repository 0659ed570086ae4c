"""How much a chip holds, computed from its description."""

from __future__ import annotations

from dataclasses import dataclass

from .chip import Chip
from .figures import Figure

__all__ = ["Capacity", "capacity"]


@dataclass(frozen=True)
class Capacity:
    """What fits on one chip at most; None where nothing is known of it.

    Attributes
    ----------
    organisation
        Cores, and neurons of each.
    neurons, synapses
        On the whole chip, each with nothing of the other in its way.
    """

    organisation: str
    neurons: float | None
    synapses: float | None


def capacity(chip: Chip) -> Capacity:
    """What one chip holds, by its figures, its limits and its synaptic memory."""
    limits = {(v.counts, v.per): v.most.value for v in chip.limits}
    cores = chip.cores.value or 1.0
    each = limits.get(("neurons", "core"))
    whole = [
        *(_figure(chip, name) for name in ("neurons_per_chip", "neurons", "claimed_neurons")),
        limits.get(("neurons", "chip")),
        limits.get(("circuits", "chip")),
        None if each is None else each * cores,
    ]
    return Capacity(_organisation(chip, each), _first(whole), _synapses(chip, limits, cores))


def _figure(chip: Chip, name: str) -> float | None:
    found = getattr(chip, name, None)
    return found.value if isinstance(found, Figure) else None


def _first(numbers: list[float | None]) -> float | None:
    return next((n for n in numbers if n is not None), None)


def _organisation(chip: Chip, each: float | None) -> str:
    many = int(chip.cores.value or 1)
    unit = chip.cores.unit.removesuffix("s") if many == 1 else chip.cores.unit
    cores = f"{many:,} {unit}"
    return cores if each is None else f"{cores} of {each:,.0f} neurons"


def _synapses(
    chip: Chip, limits: dict[tuple[str, str], float | None], cores: float
) -> float | None:
    each = _first([_figure(chip, "synapses_per_core"), limits.get(("synapses", "core"))])
    bits = min((b for n in ("dense", "sparse") if (b := chip.synapse_bits.get(n))), default=None)
    words = limits.get(("synapse words", "core"))
    words = limits.get(("synapse words", "chip")) if words is None else words * cores
    return _first(
        [
            *(_figure(chip, n) for n in ("synapses_per_chip", "synapses", "claimed_synapses")),
            limits.get(("synapses", "chip")),
            None if each is None else each * cores,
            None if words is None or bits is None else words * chip.word_bits / bits,
        ]
    )
