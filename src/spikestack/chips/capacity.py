"""How much a chip holds, computed from its description."""

from __future__ import annotations

from dataclasses import dataclass

from .chip import Chip

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
    """What one chip holds, by its limits and its synaptic memory."""
    limits = {(v.counts, v.per): v.most.value for v in chip.limits}
    cores = chip.cores.value or 1.0
    each = limits.get(("neurons", "core"))
    neurons = limits.get(("neurons", "chip"), None if each is None else each * cores)
    return Capacity(_organisation(chip, each), neurons, _synapses(chip, limits, cores))


def _organisation(chip: Chip, each: float | None) -> str:
    cores = f"{chip.cores.value:,.0f} {chip.cores.unit}" if chip.cores.value else "one core"
    return cores if each is None else f"{cores} of {each:,.0f} neurons"


def _synapses(
    chip: Chip, limits: dict[tuple[str, str], float | None], cores: float
) -> float | None:
    for counts in ("synapses", "weights"):
        if (found := limits.get((counts, "chip"))) is not None:
            return found
        if (found := limits.get((counts, "core"))) is not None:
            return found * cores
    words = limits.get(("synapse words", "core"))
    bits = [b for b in (chip.synapse_bits.get(n) for n in ("dense", "sparse")) if b]
    if words is None or not bits:
        return None
    return words * chip.word_bits * cores / min(bits)
