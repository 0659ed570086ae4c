"""Intel's Hala Point: 1,152 chips of Loihi 2 in one box."""

from __future__ import annotations

from ..figures import Figure, Grade
from .loihi2 import Loihi2

__all__ = ["HalaPoint"]

_PRESS = "Intel, 17 April 2024, as reported by eeNews Europe"


def _press(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.MAKER, _PRESS, note)


class HalaPoint(Loihi2):
    """1,152 Loihi 2 with 122 usable cores each.

    A network is mapped to one of its chips, or to as many as are asked for; the figures are those
    of the whole box.
    """

    year = 2024
    features = "1,152 Loihi 2 in a box of six rack units"

    cores = Figure(122, "cores", Grade.DERIVED, f"{_PRESS}: 140,544 cores of 1,152 chips",
                   "usable ones of a chip's 128")  # fmt: skip
    box_chips = _press(1152, "chips")
    box_cores = _press(140_544, "cores")
    box_neurons = _press(1.15e9, "neurons")
    box_synapses = _press(128e9, "synapses")
    box_power = _press(2600, "W", "at most")
    box_processors = _press(2300, "x86 processors", "more than")
    memory_bandwidth = _press(16, "PB/s")
    core_bandwidth = _press(3.5, "PB/s", "between cores")
    chip_bandwidth = _press(5, "TB/s", "between chips")
    synaptic_rate = _press(380e12, "operations of 8 bits a second", "more than")
    neuron_rate = _press(240e12, "neuron operations a second", "more than")
    dense_rate = _press(20e15, "operations a second", "of conventional networks, 8 bits")
    dense_efficiency = _press(15e12, "operations a second and W",
                              "more than, without batches; sparsity up to 10:1")  # fmt: skip
    faster = _press(20, "times real time", "at full capacity; up to 200 below it")

    def totals(self) -> dict[str, float]:
        """What a chip's figures come to for the box, for comparison with those published.

        Returns
        -------
        dict
            ``cores``, ``neurons``, ``synapses``; ``watts`` of a chip; ``pJ`` of a synaptic
            operation with everything in it; ``ns`` of one at a core.
        """
        chips = float(self.box_chips)
        cores = chips * float(self.cores)
        whole = float(Loihi2.cores)
        return {
            "cores": cores,
            "neurons": cores * float(self.neurons_per_core),
            "synapses": cores / whole * float(self.synapses_per_chip),
            "watts": float(self.box_power) / chips,
            "pJ": 1e12 * float(self.box_power) / float(self.synaptic_rate),
            "ns": 1e9 * cores / float(self.synaptic_rate),
        }
