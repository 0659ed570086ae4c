"""Intel's first Loihi."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ...network.network import Network
from ..chip import Chip
from ..circuits.loihi import LONGEST_DELAY, WIDTHS, quantise
from ..figures import Figure, Grade
from ..learning.holding import checked_rules
from ..learning.rules import Rules
from ..learning.running import run_learning
from ..limits import Limit, LimitKind
from ..mapping.cores import MappedNetwork
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..running import ChipRun

__all__ = ["Loihi"]

_D18 = "Davies et al. 2018, IEEE Micro 38(1), doi:10.1109/MM.2018.112130359"
_D21 = "Davies et al. 2021, Proc IEEE 109(5), doi:10.1109/JPROC.2021.3067593"
_F20 = "Frady et al. 2020, doi:10.1145/3381755.3398695"
_FIT = "SANA-FE 2.2.9, loihi.yaml; Boyle et al. 2025, doi:10.1109/TCAD.2025.3537971"
_DEY = "Dey and Dimitrov 2022, doi:10.3389/fnins.2022.883360"


def _silicon(value: float, unit: str, source: str = _D18, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, source, note)


def _published(value: float, unit: str) -> Figure:
    note = "at 0.75 V, by simulation of the layout; often quoted as measured"
    return Figure(value, unit, Grade.PRE_SILICON, f"{_D18}, table 2", note)


def _fitted(value: float, unit: str) -> Figure:
    return Figure(value, unit, Grade.SILICON, _FIT, "regression on a Nahuku board")


class Loihi(Chip):
    """128 cores of 1,024 current-based compartments, with a learning engine in each core.

    Parameters
    ----------
    learning
        By projection, the `LoihiRule` that it learns by.
    settings
        What any chip takes.
    """

    maker, year = "Intel", 2018
    features = "asynchronous mesh, barrier between steps, synapses of 1 to 9 bits, learning rules"

    cores = _silicon(128, "cores")
    processors = _silicon(3, "x86 cores")
    neurons_per_core = _silicon(1024, "compartments")
    synapse_memory = _silicon(16_384, "words of 64 bits", note="of a core, 128 KB")
    routing_memory = _silicon(20, "kB", _D21, "of a core")
    weight_bits = _silicon(9, "bits", note="1 to 9, with or without sign")
    delay_bits = _silicon(6, "bits")
    state_bits = _silicon(24, "bits", _DEY, "sign included")
    decay_bits = _silicon(12, "bits", _DEY)
    threshold_bits = _silicon(17, "bits", _DEY, "times 64")
    bias_bits = Figure(13, "bits", Grade.CODE, "Lava 0.10, proc/lif/models.py", "times 2^0 to 2^7")
    area = _silicon(60, "mm2")
    transistors = _silicon(2.07e9, "transistors")
    process = _silicon(14, "nm")
    supply_least = _silicon(0.50, "V")
    supply_most = _silicon(1.25, "V")
    step = Figure(1.0, "ms", Grade.CODE, "NengoLoihi 1.1", "in real time; less where it may run")
    reset_energy = Figure(5.94, "uJ", Grade.DERIVED, _F20, "of all state of a chip")
    processor_power = _silicon(65, "mW", _F20, "of the x86 cores of a chip")

    mesh = Mesh(8, 4)
    tile = 4
    tiles = Figure(32, "tiles of 4 cores", Grade.DERIVED, f"{_D18}: barriers of 1 to 32 tiles",
                   "8 x 4 is SANA-FE's layout")  # fmt: skip

    # A list holds weight, target (10 bits) and delay of a synapse; a matrix needs no targets, a
    # shared kernel is held once for many synapses.
    word_bits = 64
    synapse_bits: ClassVar[Mapping[str, float]] = {
        "sparse": 9 + 10 + 6, "dense": 9, "convolutional": 9,
    }  # fmt: skip
    shares_kernels = True
    limits = (
        Limit("neurons", "core", neurons_per_core, LimitKind.WALL, "spread them over more cores"),
        Limit("synapse words", "core", synapse_memory, LimitKind.BUDGET,
              "use fewer bits or synapses, or spread their targets over more cores"),
        Limit("axons out", "core", _silicon(4096, "axons"), LimitKind.WALL,
              "put neurons that share targets together"),
        Limit("axons in", "core", _silicon(4096, "lists"), LimitKind.WALL,
              "put targets of the same sources together"),
        Limit("delay", "neuron", _silicon(LONGEST_DELAY, "steps"), LimitKind.WALL,
              "use a longer step"),
        Limit("cores", "chip", cores, LimitKind.WALL, "use more chips"),
        Limit("chips", "system", Figure(16_384, "chips", Grade.SILICON, _D18, "of the protocol"),
              LimitKind.WALL, "use a smaller network"),
    )  # fmt: skip

    prices: ClassVar[Mapping[str, Prices]] = {
        "fit": Prices(
            "fitted to silicon", Scope.PER_TERM,
            energy={
                "accesses": _fitted(51.2, "pJ"),
                "driven updates": _fitted(21.6, "pJ"),
                "noise draws": _fitted(6.0, "pJ"),
                "spikes": _fitted(69.3, "pJ"),
                "dense events": _fitted(35.5, "pJ"),
                "sparse events": _fitted(33.6, "pJ"),
                "convolutional events": _fitted(24.0, "pJ"),
                "messages": _fitted(111.0, "pJ"),
                "hops east-west": _fitted(3.0, "pJ"),
                "hops north-south": _fitted(4.2, "pJ"),
                "learning updates": _published(120.0, "pJ"),
            },
            static={"chip": _silicon(104, "mW", _F20, "3.34 W for 32 chips, voltage not stated")},
            time={
                "accesses": _fitted(6.0, "ns"),
                "driven updates": _fitted(3.7, "ns"),
                "spikes": _fitted(30.0, "ns"),
                "dense events": _fitted(3.8, "ns"),
                "sparse events": _fitted(4.7, "ns"),
                "convolutional events": _fitted(3.1, "ns"),
                "messages in": _fitted(16.0, "ns"),
                "messages": _fitted(5.1, "ns"),
                "hops east-west": _fitted(4.1, "ns"),
                "hops north-south": _fitted(6.5, "ns"),
                "learning updates": _published(6.1, "ns"),
            },
            barrier={
                1: _fitted(600, "ns"), 2: _fitted(1000, "ns"), 4: _fitted(1400, "ns"),
                29: _fitted(1800, "ns"),
            },
        ),
        "published": Prices(
            "published before silicon", Scope.PER_TERM,
            energy={
                "dense events": _published(23.6, "pJ"),
                "sparse events": _published(23.6, "pJ"),
                "convolutional events": _published(23.6, "pJ"),
                "driven updates": _published(81.0, "pJ"),
                "idle updates": _published(52.0, "pJ"),
                "messages": _published(1.7, "pJ"),
                "hops east-west": _published(3.0, "pJ"),
                "hops north-south": _published(4.0, "pJ"),
                "learning updates": _published(120.0, "pJ"),
            },
            static={"chip": _silicon(104, "mW", _F20, "3.34 W for 32 chips, voltage not stated")},
            time={
                "dense events": _published(3.5, "ns"),
                "sparse events": _published(3.5, "ns"),
                "convolutional events": _published(3.5, "ns"),
                "driven updates": _published(8.4, "ns"),
                "idle updates": _published(5.3, "ns"),
                "messages": _published(2.1, "ns"),
                "hops east-west": _published(4.1, "ns"),
                "hops north-south": _published(6.5, "ns"),
                "learning updates": _published(6.1, "ns"),
            },
        ),
    }  # fmt: skip

    def __init__(self, learning: Rules | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.learning = checked_rules(learning, f"{self.name}, learning")

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network of leaky integrate-and-fire neurons into the chip's numbers.

        See `circuits.loihi.quantise`.
        """
        return quantise(network, dt, self.learning)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped, and let it learn where there are rules."""
        if not self.learning:
            return super().execute(mapped, steps, progress)
        return run_learning(mapped, steps, self.learning, WIDTHS, progress)
