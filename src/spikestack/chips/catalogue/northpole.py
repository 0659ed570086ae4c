"""IBM's NorthPole."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ..chip import Chip
from ..circuits.akida import quantise_requantising
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind, Violation
from ..mapping.cores import MappedNetwork
from ..mapping.frame_layers import Layer, Piece, cut, laid_out, layers_of
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised

__all__ = ["FrameTime", "NorthPole"]

_M23 = "Modha et al. 2023, Science 382:329, doi:10.1126/science.adh1174"
_RACK = "arXiv:2511.15950"
_LLM = "IBM 2024, a model of 3 billion parameters on 16 cards"


def _silicon(value: float, unit: str, source: str = _M23, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, source, note)


def _remembered(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, "from memory", note)


@dataclass(frozen=True)
class FrameTime:
    """How long a frame takes.

    Attributes
    ----------
    cycles
        By layer.
    seconds
        Of a frame, one layer after the other.
    """

    cycles: Mapping[str, int]
    seconds: float

    @property
    def frames(self) -> float:
        """Frames in a second, one at a time."""
        return 1.0 / self.seconds


class NorthPole(Chip):
    """256 cores that compute dense layers of 8, 4 or 2 bits, with all memory on the chip.

    It does not spike: zeros take as long as any number. Networks over time become such by
    `framing.framed`.

    Parameters
    ----------
    bits
        Of weights and activations: 8, 4 or 2.
    chips, faults, figures
        See `Chip`.
    """

    maker, year = "IBM", 2023
    features = "dense layers of 8, 4 or 2 bits, all memory between the cores, no spikes"

    cores = _silicon(256, "cores", note="16 x 16 from memory")
    operations_8 = _silicon(2048, "operations", note="of a core and cycle, 8 bits")
    operations_4 = _silicon(4096, "operations", note="of a core and cycle, 4 bits")
    operations_2 = _silicon(8192, "operations", note="of a core and cycle, 2 bits")
    operations_per_mac = _remembered(
        2, "operations", "multiplying and adding counted apart; whether they are is not verified"
    )
    core_memory = _remembered(768 * 1024, "bytes", "of a core; 256 of them are 192 of the 224 MB")
    frame_memory = Figure(
        32 * 2**20, "bytes", Grade.DERIVED, f"{_M23}: 224 MB less 192", "of input"
    )
    memory = _silicon(224e6, "bytes", note="on the chip; there is no other")
    process = _silicon(12, "nm")
    transistors = _silicon(22e9, "transistors")
    area = _silicon(800, "mm2")
    clock = Figure(381, "MHz", Grade.DERIVED, f"{_RACK}: 115 POPS of 288 cards at 4 bits",
                   "25 to 425 MHz from memory")  # fmt: skip
    bandwidth = Figure(12.8, "TB/s", Grade.DERIVED, f"{_RACK}: 3.7 PB/s of 288 cards", "on chip")
    networks = _remembered(4, "networks", "partial sums, activations, weights, instructions")
    resnet_energy = _silicon(25, "times", note="frames per joule of a 12 nm GPU, ResNet-50")
    resnet_latency = _silicon(22, "times", note="lower latency than a 12 nm GPU, ResNet-50")
    resnet_area = _silicon(5, "times", note="frames per transistor of a 12 nm GPU, ResNet-50")
    resnet_rate = _remembered(42_460, "frames/s", "ResNet-50")
    resnet_frames_per_joule = _remembered(571, "frames/J", "ResNet-50")
    settable: ClassVar[tuple[str, ...]] = ("step", "clock", "operations_per_mac")

    mesh = Mesh(16, 16)
    word_bits = 64
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 8, "convolutional": 8, "sparse": 8}
    limits = (
        Limit("memory bytes", "core", core_memory, LimitKind.BUDGET,
              "use fewer bits, a smaller network, or more chips"),
        Limit("input bytes", "chip", frame_memory, LimitKind.BUDGET, "use a smaller input"),
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "server": Prices(
            "power of a card in a server at work", Scope.PER_TERM, energy={},
            static={"chip": Figure(42, "W", Grade.DERIVED, f"{_LLM}: 672 W by 16",
                                   "all of the server's, for another network")},
        ),
    }  # fmt: skip

    def __init__(
        self, bits: int = 8, *, chips: int = 1, faults: Any = None, **figures: Figure
    ) -> None:
        if bits not in (8, 4, 2):
            raise ValidationError("NorthPole, bits", f"got {bits!r}", "8, 4 or 2")
        if chips != 1:
            raise ValidationError("NorthPole, chips", f"got {chips!r}", "1",
                                  "several cards in a pipeline are not described yet")  # fmt: skip
        self.bits = bits
        super().__init__(chips=chips, faults=faults, **figures)

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring layers into integers; see `circuits.akida.quantise_requantising`."""
        return quantise_requantising(network, dt, self.name, self.bits, 2**self.bits - 1)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Spread each layer over all cores, by channel and by place.

        `rates` and `seed` play no part. A step in which anything arrives takes the time of a frame.

        Raises
        ------
        ValidationError
            If the network does not fit the memory of the chip.
        """
        layers = layers_of(quantised)
        pieces = [piece for layer in layers for piece in self._spread(layer)]
        timed = copy(self)
        taken = self.frame_time(layers).seconds
        frame = Figure(taken * 1e6, "us", Grade.DERIVED, "cycles of all layers by the clock",
                       "operations for a multiplication are not verified")  # fmt: skip
        timed.prices = {  # type: ignore[misc]
            name: replace(table, time={"busy cores": frame}) for name, table in self.prices.items()
        }
        mapped = laid_out(quantised, timed, pieces)
        self._check(quantised, mapped)
        return mapped

    def frame_time(self, layers: list[Layer]) -> FrameTime:
        """Cycles of every layer: multiplications by those that its cores make in a cycle."""
        cycles = {layer.name: self._cycles(layer) for layer in layers}
        return FrameTime(cycles, sum(cycles.values()) / (float(self.clock) * 1e6))

    @property
    def operations(self) -> float:
        """Of all cores in a second, at `bits`."""
        return int(self.cores) * self._per_cycle() * float(self.clock) * 1e6

    def _per_cycle(self) -> float:
        each = {8: self.operations_8, 4: self.operations_4, 2: self.operations_2}
        return float(each[self.bits])

    def _cycles(self, layer: Layer) -> int:
        ways = self._ways(layer)
        macs = self._per_cycle() / float(self.operations_per_mac)
        return max(1, int(np.ceil(layer.macs / (ways[0] * ways[1] * macs))))

    def _ways(self, layer: Layer) -> tuple[int, int]:
        """Into how many parts of channels and of places: as many cores as can have any."""
        channels = min(layer.channels, int(self.cores))
        return channels, min(layer.places, int(self.cores) // channels)

    def _spread(self, layer: Layer) -> list[Piece]:
        ways = self._ways(layer)
        return [
            Piece(layer, neurons, place, {"memory bytes": self._bytes(layer, neurons)})
            for place, neurons in enumerate(cut(layer, *ways))
        ]

    def _bytes(self, layer: Layer, neurons: np.ndarray) -> float:
        """Of weights, and of what the neurons send."""
        channels = len(np.unique(neurons // layer.places))
        stored = channels * layer.weights
        if layer.kind == "dense":
            stored = len(neurons) * (layer.weights // layer.places)
        return (stored + len(neurons)) * self.bits / 8.0

    def _check(self, quantised: Quantised, mapped: MappedNetwork) -> None:
        room, buffer = self.limits
        passed = []
        worst = max(mapped.cores, key=lambda core: core.used["memory bytes"])
        if worst.used["memory bytes"] > float(room.most):
            passed.append(Violation(room, worst.used["memory bytes"], f"core {worst.place}"))
        outside = [p.size for n, p in quantised.network.populations.items()
                   if n not in quantised.scales]  # fmt: skip
        given = sum(outside) * self.bits / 8.0
        if given > float(buffer.most):
            passed.append(Violation(buffer, given, "input"))
        if passed:
            raise ValidationError(self.name, "; ".join(map(str, passed)))
