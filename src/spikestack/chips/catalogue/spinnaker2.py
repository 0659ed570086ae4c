"""SpiNNaker 2, of TU Dresden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..pricing import Prices, Scope
from .spinnaker import SpiNNaker

__all__ = ["SpiNNaker2"]

_H21 = "Hoeppner et al. 2021, arXiv:2103.08392"
_MACHINE = "spinn_machine 7.4.1, version_spin2.py"
_KERAS = "KerasSpiking, after arXiv:1903.08941"


def _code(value: float, unit: str, source: str = _MACHINE, note: str = "") -> Figure:
    return Figure(value, unit, Grade.CODE, source, note)


def _memory(value: float | None, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, "what is commonly said of it", note)


class SpiNNaker2(SpiNNaker):
    """More and faster cores, with arithmetic of their own; programmed and routed as the first.

    Networks are computed as on the first, in s16.15, though its cores have floating point. Of its
    power only two events are published, and of its time nothing: `bill` has no static part, and
    steps are taken to be kept.
    """

    maker, year = "TU Dresden", 2021
    features = "152 cores with floating point and matrix units, voltage and frequency of each core"

    cores = _code(152, "cores")
    processors = _code(152, "ARM Cortex-M4F cores")
    clock = _memory(None, "MHz", "set for each core, with its voltage and body bias")
    area = _memory(None, "mm2")
    transistors = _memory(None, "transistors")
    process = Figure(22, "nm", Grade.MAKER, _H21, "22FDX")
    power = _memory(None, "W")
    throughput = _memory(None, "giga-instructions per s")
    instruction_memory = _memory(None, "KB", "one memory for both")
    data_memory = _memory(128, "KB", "of a core, instructions and data")
    shared_memory = _memory(2, "GB", "LPDDR4")
    board = _memory(48, "chips", "taken from the first")
    board_power = _memory(None, "W")
    packet = _memory(40, "bits", "taken from the first")
    link_rate = _memory(6e6, "packets per s", "taken from the first")
    step = _memory(1.0, "ms", "taken from the first")
    matrix_unit = _memory(64, "multiply-accumulate units of 8 bits", "4 x 16, in each core")

    tile = 152
    limits = (
        Limit("neurons", "core", _code(256, "neurons", "sPyNNaker 7.4.1", "taken from the first"),
              LimitKind.DEADLINE, "put fewer on a core, or let a step last longer"),
        Limit("local bytes", "core", _memory(64 * 1024, "bytes", "half of a core's memory"),
              LimitKind.BUDGET, "put fewer neurons on a core"),
        Limit("synapse words", "chip", _memory(2 * 2**28, "words of 32 bits"),
              LimitKind.BUDGET, "put fewer neurons on a core, or use more chips"),
        Limit("routing entries", "chip", _code(16_384, "entries"),
              LimitKind.WALL, "put populations with the same targets together"),
        Limit("delay", "neuron", _memory(144, "steps", "taken from the first"),
              LimitKind.WALL, "use a longer step"),
        Limit("types of synapses", "population", _memory(4, "types", "taken from the first"),
              LimitKind.WALL, "give its synapses the same parameters"),
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "events": Prices(
            "energy of events", Scope.PER_TERM,
            energy={
                "sparse events": _code(0.45, "nJ", _KERAS),
                "accesses": _code(2.19, "nJ", _KERAS, "a neuron and step"),
                "messages": _memory(None, "nJ"),
                "hops between chips": _memory(None, "nJ"),
            },
            static={"chip": _memory(None, "W")},
        ),
    }  # fmt: skip
