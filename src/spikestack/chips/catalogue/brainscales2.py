"""BrainScaleS-2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from ...network.network import Network
from ..analog.chip import AnalogChip
from ..analog.matrix import MatrixNetwork
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope

__all__ = ["BrainScaleS2"]

_P22 = "Pehle et al. 2022, Front Neurosci 16:795876, doi:10.3389/fnins.2022.795876"
_CALIX = "calix, constants.py"
_PYNN = "pynn-brainscales, NeuronCalibTarget"
_HX = "hxtorch, perceptron/constants.h and mac.cpp"
_OURS = "an assumption of this emulator"
_MEMORY = "from memory"


def _silicon(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, _P22, note)


def _code(value: float, unit: str, source: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.CODE, source, note)


def _guess(value: float | None, unit: str, note: str = "", source: str = _OURS) -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, source, note)


class BrainScaleS2(AnalogChip):
    """512 analog neurons a thousand times as fast as biology, 131,072 synapses of 6 bits."""

    maker, year = "Heidelberg University", 2022
    features = "analog AdEx circuits, accelerated; correlation sensors and two SIMD processors"

    cores = Figure(2, "blocks of circuits", Grade.DERIVED, _P22, "upper and lower half")
    circuits_per_core = _silicon(256, "circuits", "of a half")
    rows = _silicon(256, "rows of synapses", "of a half")
    weight_bits = _silicon(6, "bits", "the sign belongs to the row")
    label_bits = _silicon(6, "bits", "of the source that a synapse listens to")
    labels = Figure(64, "sources on a row", Grade.DERIVED, _P22, "2 to the bits of a label")
    processors = _silicon(2, "embedded SIMD processors")
    readout_bits = _silicon(8, "bits", "column-parallel converters")
    process = Figure(65, "nm", Grade.MAKER, _P22)
    code_bits = _code(10, "bits", _CALIX, "analog parameter memory")
    speedup = Figure(1000, "times biological time", Grade.SILICON, _P22)
    merge_most = _guess(64, "circuits in a neuron", "the wafer's, taken over")
    transit = _guess(1.0, "us", "from neuron to synapse by the routing on the chip")
    calibration_time = _code(300, "s", "BrainScaleS-2 documentation", "of all circuits")

    low_level = _code(80, "LSB", _PYNN, "default of the leak")
    reset_level = _code(70, "LSB", _PYNN, "default; networks set their own")
    threshold_level = _code(125, "LSB", _PYNN, "default of the threshold")
    tau_mem_least = _code(0.1, "us", _CALIX)
    tau_mem_most = _code(2000, "us", _CALIX)
    tau_syn_least = _code(0.1, "us", _CALIX)
    tau_syn_most = _code(100, "us", _CALIX)
    reliable_least = _code(30, "LSB", _CALIX, "of the read-out")
    reliable_most = _code(210, "LSB", _CALIX, "of the read-out")
    dac_bias = _code(600, "code", _PYNN, "of synapses, default")
    input_strength = _code(500, "code", _PYNN, "of synaptic inputs, default")
    capacitance_code = _code(63, "code", _PYNN, "of the membrane, default")

    time_spread = _guess(0.30, "of the value", "20 to 40 % before calibration", _MEMORY)
    strength_spread = _guess(0.30, "of the value", "20 to 40 % before calibration", _MEMORY)
    level_spread = _guess(8.0, "LSB", "of potentials before calibration")
    synapse_deviation = _guess(0.05, "of the weight", "of a synapse beside its column's")
    other_deviation = _guess(0.05, "of the value", "2 to 10 % after calibration", _MEMORY)
    drift = _guess(0.03, "of the value", "between setting and running; with what measuring "
                   "leaves, 2 to 10 % after calibration", _MEMORY)  # fmt: skip
    readout_offset = _guess(2.0, "LSB", "1 to 3", _MEMORY)
    readout_noise = _code(2.0, "LSB", _HX, "of a reading")
    membrane_noise = _guess(1.0, "LSB", "from trial to trial")

    tau_mem_range = (float(tau_mem_least), float(tau_mem_most))
    tau_syn_range = (float(tau_syn_least), float(tau_syn_most))
    # Coarse settings that make ten bits cover the ranges; how the chip divides them is simplified.
    gears_of: ClassVar[Mapping[str, tuple[float, ...]]] = {
        "tau_mem": (0.05, 1.0, 20.0, 100.0),
        "tau_syn": (0.05, 1.0, 4.0),
        "strength": (0.01, 0.1, 1.0, 16.0, 256.0),
    }

    mesh = Mesh(1, 2)
    word_bits = 12
    synapse_bits: ClassVar[Mapping[str, float]] = {"sparse": 12, "dense": 12}
    limits = (
        Limit("circuits", "chip", Figure(512, "circuits", Grade.SILICON, _P22), LimitKind.WALL,
              "use more chips, or fewer synapses per neuron"),
        Limit("fan-in", "neuron", Figure(64 * 256, "synapses", Grade.DERIVED, _OURS,
              "rows times circuits in a neuron"), LimitKind.WALL, "project from fewer neurons"),
        Limit("rows", "core", rows, LimitKind.BUDGET,
              "let neurons of a block share sources, and each source have one sign"),
        Limit("labels", "row", labels, LimitKind.WALL, "use more rows"),
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "core": Prices(
            "analog core alone, an order of magnitude", Scope.PER_TERM, {},
            {"chip": _guess(200, "mW", "no price of an event is published", _MEMORY)},
        ),
        "system": Prices(
            "chip with its system, an order of magnitude", Scope.PER_TERM, {},
            {"chip": _guess(1.0, "W", "", _MEMORY)},
        ),
    }  # fmt: skip

    def default_targets(self) -> dict[str, float]:
        """Those of pynn-brainscales for potentials; time constants of 10 us and 5 us."""
        return {
            "leak": float(self.low_level), "reset": float(self.reset_level),
            "threshold": float(self.threshold_level), "tau_mem": 10.0, "tau_exc": 5.0,
            "tau_inh": 5.0, "strength_exc": 0.05, "strength_inh": 0.05,
        }  # fmt: skip

    @staticmethod
    def matrix(network: Network, samples: np.ndarray) -> MatrixNetwork:
        """A chain of graded rectifiers in matrix mode; see `MatrixNetwork.of`."""
        return MatrixNetwork.of(network, samples)
