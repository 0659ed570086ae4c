"""Intel's second Loihi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ...errors import ValidationError, shorten
from ...network.network import Network
from ...neurons.base import NeuronModel
from ..chip import Chip
from ..circuits.loihi import LONGEST_DELAY
from ..circuits.loihi2 import WIDTHS, Ranges, quantise
from ..figures import Figure, Grade
from ..learning.holding import checked_rules
from ..learning.rules import Rules
from ..learning.running import run_learning
from ..limits import Limit, LimitKind
from ..mapping.cores import MappedNetwork
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..roofline import RooflinePrices
from ..running import ChipRun
from .loihi import Loihi

__all__ = ["Loihi2"]

_BRIEF = "Intel 2021, Loihi 2 technology brief"
_LAVA = "Lava 0.10, src/lava/proc"
_MEMORY = "recollection of conference talks; no document found"
_ROOFLINE = "the form of the model: arXiv:2601.10035, which was not read; the number is a guess"


def _brief(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.MAKER, _BRIEF, note)


def _guess(value: float, unit: str, note: str = "", source: str = _MEMORY) -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, source, note)


def _estimates(table: str, energy: float, static: Figure) -> Prices:
    """Loihi's prices times a factor; times of a rate of its own."""
    given = Loihi.prices[table]
    note = f"Loihi's, times {energy:g}: no price of an operation of Loihi 2 is published"
    scaled = {
        name: Figure(float(f) * energy, f.unit, Grade.UNVERIFIED, f"estimate from {f.source}", note)
        for name, f in given.energy.items()
    }
    times = {
        "dense events": _guess(0.37, "ns", "Hala Point's 380e12 a second over 140,544 cores"),
        "sparse events": _guess(0.37, "ns", "as of dense synapses"),
        "convolutional events": _guess(0.37, "ns", "as of dense synapses"),
        "accesses": _guess(0.59, "ns", "Hala Point's 240e12 neuron operations over its cores"),
        "messages in": _guess(1.0, "ns", "no figure found", _ROOFLINE),
        "messages": _guess(1.0, "ns", "no figure found", _ROOFLINE),
    }
    return RooflinePrices(
        f"Loihi's, {given.title}, times {energy:g}: an estimate", Scope.PER_TERM, scaled,
        static={"chip": static}, time=times,
        barrier={1: _guess(200.0, "ns", "the shortest step", _MEMORY)},
    )  # fmt: skip


class Loihi2(Chip):
    """128 cores whose neurons are programs, with spikes that carry values.

    Parameters
    ----------
    energy_factor
        By what Loihi's energies per operation are multiplied: none of this chip are published.
    ranges
        Greatest magnitudes of variables, by population and variable; see
        `circuits.loihi2.quantise`.
    calibration
        How long the run is that finds those that are not given, ms.
    learning
        By projection, the `LoihiRule` that it learns by.
    settings
        Figures in place of the chip's own, by name; and what any chip takes.
    """

    maker, year = "Intel", 2021
    features = "programs for neurons, graded spikes, memory split freely, three-factor learning"

    cores = _brief(128, "cores")
    processors = _guess(6, "embedded processors")
    neurons_per_core = Figure(8192, "neurons", Grade.DERIVED, f"{_BRIEF}: 1 million per chip")
    neurons_per_chip = _brief(1_000_000, "neurons", "at most")
    synapses_per_chip = _brief(120_000_000, "synapses", "at most")
    core_memory = _guess(192, "KB", "split freely between states, synapses and axons")
    payload_bits = Figure(24, "bits", Grade.CODE, _LAVA, "of a graded spike; 32 in the brief")
    weight_bits = Figure(8, "bits", Grade.CODE, _LAVA, "sign included, times a power of two")
    state_bits = Figure(24, "bits", Grade.CODE, _LAVA, "sign included")
    delay_most = Figure(LONGEST_DELAY, "steps", Grade.CODE, _LAVA)
    links = _guess(6, "links to other chips", "in three dimensions")
    area = _brief(31, "mm2")
    transistors = _brief(2.3e9, "transistors")
    process = Figure(4, "Intel node", Grade.MAKER, _BRIEF, "before production")
    shortest_step = _guess(200, "ns")
    step = Figure(1.0, "ms", Grade.CODE, "NengoLoihi 1.1", "in real time; less where it may run")
    static_power = _guess(104, "mW", "Loihi's: no figure of this chip is published",
                          "Frady et al. 2020, doi:10.1145/3381755.3398695")  # fmt: skip

    mesh = Mesh(8, 4)
    tile = 4
    word_bits = 64
    synapse_bits: ClassVar[Mapping[str, float]] = {
        "sparse": 8 + 13 + 6, "dense": 8, "convolutional": 8,
    }  # fmt: skip
    shares_kernels = True
    #: Of the memory that all share: bits of a state of a neuron, and of an axon.
    variable_bits = Figure(32, "bits", Grade.UNVERIFIED, _MEMORY, "a word of the program")
    axon_bits = Figure(64, "bits", Grade.UNVERIFIED, _MEMORY, "of a list of synapses")
    axon_words = float(axon_bits) / word_bits
    limits = (
        Limit("neurons", "core", neurons_per_core, LimitKind.WALL, "spread them over more cores"),
        Limit("synapse words", "core",
              Figure(24_576, "words of 64 bits", Grade.UNVERIFIED, _MEMORY,
                     "192 KB, which hold states and axons, too"),
              LimitKind.BUDGET,
              "use fewer bits, states or synapses, or spread neurons over more cores"),
        Limit("axons in", "core", Figure(4096, "lists", Grade.UNVERIFIED,
                                         "as of Loihi; not published"), LimitKind.WALL,
              "put targets of the same sources together"),
        Limit("axons out", "core", Figure(4096, "axons", Grade.UNVERIFIED,
                                          "as of Loihi; not published"), LimitKind.WALL,
              "put neurons that share targets together"),
        Limit("delay", "neuron", delay_most, LimitKind.WALL, "use a longer step"),
        Limit("cores", "chip", cores, LimitKind.WALL, "use more chips"),
    )  # fmt: skip

    prices: ClassVar[Mapping[str, Prices]] = {
        "fit": _estimates("fit", 1.0, static_power),
        "published": _estimates("published", 1.0, static_power),
    }

    def __init__(
        self,
        energy_factor: float = 1.0,
        ranges: Ranges | None = None,
        calibration: float = 200.0,
        learning: Rules | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        for name, value in (("energy_factor", energy_factor), ("calibration", calibration)):
            if not isinstance(value, int | float) or not 0 < value < 1e6:
                where = f"{self.name}.{name}"
                raise ValidationError(where, f"got {shorten(value)}", "a number above 0")
        self.learning = checked_rules(learning, f"{self.name}, learning")
        self.ranges, self.calibration = ranges, float(calibration)
        if energy_factor != 1.0:
            made = {n: _estimates(n, float(energy_factor), self.static_power) for n in self.prices}
            self.prices = made  # type: ignore[misc]

    def state_words(self, model: NeuronModel) -> float:
        """Words of the shared memory that a neuron's states take; a program's are the core's."""
        states = len([name for name in model.block.states if name != "busy"])
        return states * float(self.variable_bits) / self.word_bits

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network of any neurons into the chip's numbers.

        See `circuits.loihi2.quantise`.
        """
        return quantise(network, dt, self.ranges, self.calibration, self.learning)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped, and let it learn where there are rules."""
        if not self.learning:
            return super().execute(mapped, steps, progress)
        return run_learning(mapped, steps, self.learning, WIDTHS, progress)
