"""RANC, the reconfigurable architecture after TrueNorth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...network.network import Network
from ...program.program import PopulationProgram
from ..chip import Chip
from ..circuits.crossbar import CrossbarForm, CrossbarQuantised, quantise
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.crossbars import MappedCrossbars, map_crossbars
from ..mapping.mesh import Mesh
from ..neurons.crossbar import RANCNeuron
from ..pricing import Prices, Scope

__all__ = ["RANC"]

_M21 = "Mack et al. 2021, IEEE TPDS 32:2265, doi:10.1109/TPDS.2020.2985108"
_CODE = "RANC, simulator, router.cpp and core.cpp"


def _default(value: float, unit: str, note: str = "") -> Figure:
    said = "a default of ours: everything is set when the hardware is built"
    return Figure(value, unit, Grade.UNVERIFIED, _M21, f"{note}; {said}" if note else said)


class RANC(Chip):
    """Crossbar cores as many, and as large, as the logic at hand holds.

    Parameters
    ----------
    axons_per_core, neurons_per_core, width, height
        Figures in place of the defaults.
    """

    maker, year = "University of Arizona", 2020
    features = "TrueNorth's cores without chance, of any size, as a simulator and on FPGAs"

    axons_per_core = _default(256, "axons")
    neurons_per_core = _default(256, "neurons")
    width = _default(16, "cores", "columns of the mesh")
    height = _default(16, "cores", "rows of the mesh")
    weight_types = Figure(4, "values", Grade.CODE, _CODE, "of each neuron, by type of the axon")
    weight_bits = _default(9, "bits", "sign included")
    leak_bits = _default(9, "bits", "sign included")
    threshold_bits = _default(18, "bits")
    step = Figure(1.0, "ms", Grade.UNVERIFIED, _M21, "in real time; a tick is as long as one likes")

    word_bits = 256
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 1}
    settable: ClassVar[tuple[str, ...]] = (
        "step", "axons_per_core", "neurons_per_core", "width", "height",
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "none published": Prices("no energies are published", Scope.PER_TERM, energy={}),
    }

    def __init__(self, *, chips: int = 1, faults: Any = None, **figures: Figure) -> None:
        super().__init__(chips=chips, faults=faults, **figures)
        self.mesh = Mesh(int(self.width), int(self.height))
        self.cores = Figure(
            self.mesh.size, "cores", Grade.DERIVED, f"{self.mesh.width} x {self.mesh.height}"
        )
        ticks = Figure(15, "ticks", Grade.CODE, _CODE, "a field of 0 to 14, 16 slots")
        copies = Figure(
            float(self.neurons_per_core), "copies", Grade.DERIVED, "a row of one crossbar"
        )
        crossbar = Figure(
            float(self.axons_per_core) * float(self.neurons_per_core), "synapses", Grade.DERIVED,
            "axons times neurons",
        )  # fmt: skip
        wall = LimitKind.WALL
        self.limits = (
            Limit("fan-in", "neuron", self.axons_per_core, wall, "use fewer or coarser inputs"),
            Limit("destinations", "neuron", copies, wall, "put a population between"),
            Limit("delay", "neuron", ticks, wall, "use a longer step, or a chain of neurons"),
            Limit("axons in", "core", self.axons_per_core, wall, "put like targets together"),
            Limit("neurons", "core", self.neurons_per_core, wall, "spread them over more cores"),
            Limit("synapses", "core", crossbar, wall, "spread them"),
            Limit("cores", "chip", self.cores, wall, "build a larger mesh, or use more of them"),
        )

    def quantise(self, network: Network, dt: float = 1.0) -> CrossbarQuantised:
        """Bring a network of integrate-and-fire neurons into its numbers.

        See `circuits.crossbar.quantise`.
        """
        threshold = 2 ** int(self.threshold_bits) - 1

        def neuron(*, theta: Any, leak: Any = 0.0, gamma: float = 0.0, v: Any = 0.0) -> RANCNeuron:
            return RANCNeuron(
                theta=theta, leak=leak, subtracts=gamma, v=v, negative=-float(threshold),
                includes=0.0,
            )  # fmt: skip

        form = CrossbarForm(
            "RANC", neuron, (RANCNeuron,), int(self.axons_per_core),
            2 ** (int(self.weight_bits) - 1) - 1, 2 ** (int(self.leak_bits) - 1) - 1, threshold,
        )  # fmt: skip
        return quantise(network, dt, form)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedCrossbars:
        """Load a quantised network into crossbars; see `mapping.crossbars.map_crossbars`."""
        return map_crossbars(quantised, self, rates, seed)

    @staticmethod
    def loaded(neurons: PopulationProgram) -> dict[str, Any]:
        """What a core's memory holds of neurons: `kernels.crossbar.PARAMETERS` by name."""
        of = dict(zip(neurons.params, neurons.values, strict=True))
        return {
            "leak": of["leak"], "theta": of["theta"], "beta": -np.asarray(of["negative"]),
            "gamma": of["subtracts"], "v_reset": of["v_reset"], "includes": of["includes"],
        }  # fmt: skip
