"""The first BrainScaleS: neurons on a wafer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..analog.chip import AnalogChip
from ..analog.correlation import FixedSTDP
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope

__all__ = ["BrainScaleS1"]

_MEMORY = "from memory; Schemmel et al. 2010, ISCAS, doi:10.1109/ISCAS.2010.5536970"
_OURS = "an assumption of this emulator"


def _guess(value: float, unit: str, note: str = "", source: str = _MEMORY) -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, source, note)


class BrainScaleS1(AnalogChip):
    """A wafer of 384 chips of 512 analog neurons, ten thousand times as fast as biology.

    One chip of the wafer is a core here. Circuits that are defective are not used. Buses between
    them are not modelled: any core hears any other.
    """

    maker, year = "Heidelberg University and TU Dresden", 2010
    features = "wafer of analog AdEx circuits, accelerated; wired plasticity"

    cores = _guess(384, "HICANN chips of a wafer")
    circuits_per_core = _guess(512, "circuits of a HICANN")
    neurons = Figure(196_608, "circuits of a wafer", Grade.DERIVED, _MEMORY, "384 x 512")
    rows = _guess(220, "rows of synapses of a HICANN")
    synapses = Figure(43_253_760, "synapses of a wafer", Grade.DERIVED, _MEMORY, "384 x 220 x 512")
    weight_bits = _guess(4, "bits", "the sign belongs to the row")
    labels = _guess(16, "sources on a row", "4 bits of address at the synapse")
    merge_most = _guess(64, "circuits in a neuron", "for 14,000 synapses")
    process = _guess(180, "nm")
    diameter = _guess(20, "cm", "of the wafer")
    speedup = Figure(10_000, "times biological time", Grade.CODE, "arXiv:2303.12359")
    code_bits = _guess(10, "bits", "floating gates")
    readout_bits = _guess(8, "bits", "unit of potentials as of its successor", _OURS)
    transit = _guess(0.1, "us", "from neuron to synapse", _OURS)
    low_level = _guess(80, "LSB", "as of its successor", _OURS)
    threshold_level = _guess(125, "LSB", "as of its successor", _OURS)

    time_spread = _guess(0.40, "of the value", "20 to 40 % before calibration")
    strength_spread = _guess(0.40, "of the value", "20 to 40 % before calibration")
    level_spread = _guess(10.0, "LSB", "of potentials before calibration", _OURS)
    synapse_deviation = _guess(0.10, "of the weight", "of a synapse beside its column's", _OURS)
    other_deviation = _guess(0.10, "of the value", "2 to 10 % after calibration")
    drift = _guess(0.06, "of the value", "floating gates are written anew for every run")
    readout_offset = _guess(2.0, "LSB", "1 to 3")
    readout_noise = _guess(2.0, "LSB", "of a reading", _OURS)
    membrane_noise = _guess(1.0, "LSB", "from trial to trial", _OURS)
    defects = _guess(0.02, "of circuits", "the mapper routes round them", _OURS)

    tau_mem_range = (0.1, 200.0)
    tau_syn_range = (0.05, 10.0)
    gears_of: ClassVar[Mapping[str, tuple[float, ...]]] = {
        "tau_mem": (0.05, 1.0, 20.0),
        "tau_syn": (0.02, 0.4),
        "strength": (0.1, 1.0, 16.0, 256.0, 4096.0),
    }
    wired_rule = FixedSTDP.every

    mesh = Mesh(24, 16)
    word_bits = 8
    synapse_bits: ClassVar[Mapping[str, float]] = {"sparse": 8, "dense": 8}
    limits = (
        Limit("circuits", "chip", neurons, LimitKind.WALL,
              "use more wafers, or fewer synapses per neuron"),
        Limit("fan-in", "neuron", _guess(64 * 220, "synapses"), LimitKind.WALL,
              "project from fewer neurons"),
        Limit("rows", "core", rows, LimitKind.BUDGET,
              "let neurons of a chip share sources, and each source have one sign"),
        Limit("labels", "row", labels, LimitKind.WALL, "use more rows"),
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "wafer": Prices(
            "a wafer with its system, an order of magnitude", Scope.PER_TERM, {},
            {"chip": _guess(1000, "W", "about a kW; no price of an event is published")},
        ),
    }  # fmt: skip

    def default_targets(self) -> dict[str, float]:
        """Potentials as of its successor; time constants of 1 us and 0.5 us."""
        return {
            "leak": float(self.low_level), "reset": 70.0, "threshold": float(self.threshold_level),
            "tau_mem": 1.0, "tau_exc": 0.5, "tau_inh": 0.5, "strength_exc": 0.5,
            "strength_inh": 0.5,
        }  # fmt: skip
