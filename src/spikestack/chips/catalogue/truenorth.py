"""IBM's TrueNorth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...network.network import Network
from ...program.program import PopulationProgram
from ..chip import Chip
from ..circuits.crossbar import CrossbarForm, CrossbarQuantised, quantise
from ..circuits.crossbar_drawn import Choice, checked_choice
from ..drawing import run_drawn
from ..evaluating import Inferences, infer_by_runs
from ..figures import Figure, Grade
from ..kernels.crossbar import PARAMETERS
from ..limits import Limit, LimitKind
from ..mapping.cores import MappedNetwork
from ..mapping.crossbars import MappedCrossbars, map_crossbars
from ..mapping.mesh import Mesh
from ..neurons.truenorth import TrueNorthNeuron
from ..pricing import Prices, Scope
from ..running import ChipRun

__all__ = ["TrueNorth"]

_M14 = "Merolla et al. 2014, Science 345:668, doi:10.1126/science.1254642"
_S5 = f"{_M14}, supplement S5, as quoted in a public review of it"
_A15 = "Akopyan et al. 2015, IEEE TCAD 34:1537, doi:10.1109/TCAD.2015.2474396"
_C13 = "Cassidy et al. 2013, IJCNN, doi:10.1109/IJCNN.2013.6707077"
_NEMO = "NeMo, src/neuro/tn_neuron.h"

#: The operating point: spikes a second, active synapses of a spike, hops of a packet in x and in y.
_RATE, _ACTIVE, _HOPS, _POWER = 20.0, 128.0, 21.3, 72e-3
_NEURONS = 4096 * 256
#: A row of 410 bits at 47 fJ, and a hop, in J.
_ROW, _HOP = 410 * 47e-15, 2.3e-12


def _silicon(value: float, unit: str, source: str = _M14, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, source, note)


def _recalled(value: float, unit: str, source: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, source, note)


def _remainder() -> Figure:
    """What is left of the operating point's power when its rows and hops are paid, in mW."""
    spikes = _NEURONS * _RATE
    left = _POWER - spikes * (_ACTIVE * _ROW + 2 * _HOPS * _HOP)
    return Figure(
        round(1e3 * left, 3), "mW", Grade.DERIVED, f"72 mW of {_M14} less rows and hops",
        "at 0.775 V, 20 Hz, 128 active synapses, 21.3 hops in x and in y; updates are in it",
    )  # fmt: skip


class TrueNorth(Chip):
    """4,096 cores of a crossbar of 256 axons and 256 neurons, each with one destination.

    Parameters
    ----------
    stochastic_synapses
        Whether synapses pass events by chance, their weights being probabilities: True, or names of
        the populations that they end at. See `circuits.crossbar_drawn`.
    settings
        What any chip takes.
    """

    maker, year = "IBM", 2014
    features = "binary crossbars, four weights for each neuron, one destination, global 1 ms tick"

    cores = _silicon(4096, "cores", note="64 x 64")
    neurons_per_core = _silicon(256, "neurons")
    axons_per_core = _silicon(256, "axons")
    synapses_per_core = Figure(65_536, "synapses", Grade.DERIVED, f"256 x 256, {_M14}")
    weight_types = _silicon(4, "values", note="of each neuron, chosen by the type of the axon")
    weight_bits = _recalled(9, "bits", _C13, "sign included: -255 to 255")
    leak_bits = _recalled(9, "bits", _C13, "sign included")
    threshold_bits = _recalled(18, "bits", _C13)
    state_bits = _recalled(
        20, "bits", _C13, "sign included; saturates here, which is not published"
    )
    row_bits = _recalled(410, "bits", _A15, "of one of the 256 rows of a core's memory")
    packet_bits = _recalled(30, "bits", _A15, "dx 9, dy 9, delay 4, axon 8")
    process = _silicon(28, "nm")
    area = _silicon(430, "mm2")
    transistors = _silicon(5.4e9, "transistors")
    supply = _silicon(0.775, "V", note="of the operating point")
    step = _silicon(1.0, "ms", note="faster is possible; how fast depends on the load")
    operating_rate = _silicon(_RATE, "Hz", note="of the operating point")
    operating_synapses = _silicon(_ACTIVE, "synapses", note="active, for each spike of it")
    operating_hops = _silicon(_HOPS, "hops", note="of a packet of it in x, and as many in y")
    operating_power = _silicon(72.0, "mW", note="of the operating point")
    detecting_power = _silicon(63.0, "mW", note="video of 400 x 240 pixels at 30 frames a second")
    bit_energy = _silicon(47.0, "fJ", _S5, "from a core's memory to its controller")
    link_bit_energy = _silicon(72.0, "fJ", _S5, "of a bit from a core to the next")
    periphery_bit_energy = _silicon(2.0, "pJ", _S5, "of a bit to the chip's edge")

    mesh = Mesh(64, 64)
    word_bits = 256
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 1}
    limits = (
        Limit("fan-in", "neuron", axons_per_core, LimitKind.WALL,
              "use fewer or coarser inputs (grouped convolutions, ternary weights)"),
        Limit("destinations", "neuron", _silicon(256, "copies", note="of a row of one crossbar"),
              LimitKind.WALL, "put an intermediate population between"),
        Limit("delay", "neuron", Figure(15, "ticks", Grade.CODE, _NEMO, "4 bits, 16 slots"),
              LimitKind.WALL, "use a longer step, or a chain of neurons"),
        Limit("axons in", "core", axons_per_core, LimitKind.WALL,
              "put targets of the same sources together"),
        Limit("neurons", "core", neurons_per_core, LimitKind.WALL, "spread them over more cores"),
        Limit("synapses", "core", synapses_per_core, LimitKind.WALL, "spread them"),
        Limit("cores", "chip", cores, LimitKind.WALL, "use more chips: TrueNorth(chips=2)"),
    )  # fmt: skip

    prices: ClassVar[Mapping[str, Prices]] = {
        "parts": Prices(
            "parts measured apart", Scope.PER_TERM,
            energy={
                "dense events": Figure(
                    round(1e12 * _ROW, 3), "pJ", Grade.DERIVED, f"410 bits at 47 fJ, {_S5}",
                    "a row of memory read for each active synapse",
                ),
                "hops east-west": _silicon(2.3, "pJ", _S5),
                "hops north-south": _silicon(2.3, "pJ", _S5),
            },
            static={"chip": _remainder()},
        ),
        "operating point": Prices(
            "all of the chip at 0.775 V, 20 Hz and 128 active synapses", Scope.ALL_IN,
            energy={"dense events": _silicon(26.0, "pJ", note="everything else is in it")},
        ),
    }  # fmt: skip

    def __init__(self, stochastic_synapses: Choice = False, **settings: Any) -> None:
        super().__init__(**settings)
        where = "TrueNorth, stochastic_synapses"
        self.stochastic_synapses = checked_choice(stochastic_synapses, where)

    def quantise(self, network: Network, dt: float = 1.0) -> CrossbarQuantised:
        """Bring a network of integrate-and-fire neurons into the chip's numbers.

        See `circuits.crossbar.quantise`.
        """
        form = CrossbarForm(
            "TrueNorth", TrueNorthNeuron, (TrueNorthNeuron,), int(self.axons_per_core),
            2 ** (int(self.weight_bits) - 1) - 1, 2 ** (int(self.leak_bits) - 1) - 1,
            2 ** int(self.threshold_bits) - 1,
        )  # fmt: skip
        return quantise(network, dt, form, self.stochastic_synapses)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedCrossbars:
        """Load a quantised network into crossbars; see `mapping.crossbars.map_crossbars`."""
        return map_crossbars(quantised, self, rates, seed)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped; where synapses are drawn, from the tables of its cores."""
        if isinstance(mapped, MappedCrossbars) and mapped.draws:
            return run_drawn(mapped, steps, progress)
        return super().execute(mapped, steps, progress)

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples; see `evaluating.infer`, or, where synapses are drawn, `infer_by_runs`."""
        if isinstance(mapped, MappedCrossbars) and mapped.draws:
            return infer_by_runs(self, mapped, samples, drive, progress)
        return super().infer(mapped, samples, drive, progress)

    @staticmethod
    def loaded(neurons: PopulationProgram) -> dict[str, Any]:
        """What a core's memory holds of neurons: `kernels.crossbar.PARAMETERS` by name."""
        given = dict(zip(neurons.params, neurons.values, strict=True))
        return {name: given[name] for name in PARAMETERS if name in given}
