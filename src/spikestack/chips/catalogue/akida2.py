"""BrainChip's Akida 2.0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ...errors import ValidationError, shorten
from ...network.network import Network
from ..circuits.akida import quantise_requantising
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.mesh import Mesh
from ..quantising import Quantised
from .akida import Akida

__all__ = ["Akida2"]

_BLACK_BOX = "virtual devices of akida 2.19.3"
_BRIEF = "BrainChip, product brief of Akida 2nd generation"
_NONE = "no table has been found"
_NODES = (2, 6, 12)


class Akida2(Akida):
    """The second generation: 8 bits, skip connections, as 2, 6 or 12 nodes.

    Here a sum of 32 bits and a bias are scaled by channel and rounded to 8 bits, as akida 2.19.3
    does for layers without pooling (with scales of 8 bits; here of 15); activations other than
    rectifiers are look-up tables of 256 numbers. Vision transformers and temporal networks are
    described, not emulated.

    Parameters
    ----------
    nodes
        2, 6 or 12.
    ranges
        By population, the greatest magnitude of the potential that its look-up table is for; by
        default that from which on its activation does not change any more.
    chips, faults, figures
        See `Chip`.
    """

    maker, year = "BrainChip", 2023
    features = "frames of events, 8 bits, skip connections, look-up-table activations"

    cores = Figure(24, "neural processors", Grade.BLACK_BOX, _BLACK_BOX, "of 6 nodes")
    shown = cores
    separable = Figure(18, "neural processors", Grade.BLACK_BOX, _BLACK_BOX, "CNP2 of 6 nodes")
    full_local = Figure(2, "neural processors", Grade.BLACK_BOX, _BLACK_BOX, "FNP3 of 6 nodes")
    full_large = Figure(1, "neural processors", Grade.BLACK_BOX, _BLACK_BOX, "FNP2 of 6 nodes")
    temporal = Figure(24, "neural processors", Grade.BLACK_BOX, _BLACK_BOX,
                      "for temporal networks (TNP_B), of 6 nodes; not emulated")  # fmt: skip
    weight_bits = Figure(8, "bits", Grade.MAKER, _BRIEF)
    convolution_bits = weight_bits
    input_bits = weight_bits
    activation_bits = weight_bits
    memory = Figure(None, "bytes", Grade.UNVERIFIED, _NONE)
    process = Figure(None, "nm", Grade.UNVERIFIED, _NONE, "sold as a design")
    clock = Figure(None, "MHz", Grade.UNVERIFIED, _NONE)
    claimed_neurons = Figure(None, "neurons", Grade.UNVERIFIED, _NONE)
    claimed_synapses = Figure(None, "synapses", Grade.UNVERIFIED, _NONE)

    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 8, "convolutional": 8, "sparse": 8}

    def __init__(
        self,
        nodes: int = 6,
        *,
        ranges: Mapping[str, float] | None = None,
        chips: int = 1,
        faults: Any = None,
        **figures: Figure,
    ) -> None:
        if nodes not in _NODES:
            raise ValidationError("Akida2, nodes", f"got {nodes!r}", f"one of {_NODES}")
        self.nodes, self.ranges = nodes, _checked(ranges)
        if nodes != 6:
            self._of(nodes)
        super().__init__(chips=chips, faults=faults, **figures)
        self.mesh = Mesh(nodes, 1)
        self.input_place = 4 * nodes - 1  # type: ignore[misc]

    def _of(self, nodes: int) -> None:
        def counted(value: float | None, what: str) -> Figure:
            source = _BLACK_BOX if value is not None else _NONE
            return Figure(value, "neural processors", Grade.BLACK_BOX, source,
                          f"{what} of {nodes} nodes")  # fmt: skip

        two = nodes == 2
        self.cores = self.shown = counted(4 * nodes, "all")
        self.separable = counted(None if two else 41, "CNP2")
        self.full_local = counted(None if two else 3, "FNP3")
        self.full_large = counted(None if two else 1, "FNP2")
        self.temporal = counted(None if two else 48, "TNP_B")

    @property
    def limits(self) -> tuple[Limit, ...]:  # type: ignore[override]
        """What does not fit; of two nodes all may be for anything, as nothing else is known."""
        if self.separable.value is not None:
            return super().limits
        wall, fewer = LimitKind.WALL, "use fewer or smaller layers, or more nodes"
        kinds = ("neural processors", "processors for separable convolutions",
                 "processors for full connections")  # fmt: skip
        room = Limit("memory bytes", "core", self.processor_memory, LimitKind.BUDGET,
                     "use fewer inputs to a neuron")  # fmt: skip
        return (room, *(Limit(kind, "chip", self.shown, wall, fewer) for kind in kinds))

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring layers without memory into 8 bits; see `circuits.akida.quantise_requantising`."""
        return quantise_requantising(network, dt, self.name, tables=self.ranges)


def _checked(ranges: Any) -> dict[str, float]:
    """Ranges by population."""
    if ranges is None:
        return {}
    if not isinstance(ranges, dict):
        raise ValidationError("Akida2, ranges", f"got {shorten(ranges)}", "a dict of numbers")
    for name, most in ranges.items():
        if not isinstance(most, int | float) or not 0 < most < math.inf:
            raise ValidationError(f"Akida2, ranges[{name!r}]", f"got {shorten(most)}",
                                  "a number above 0")  # fmt: skip
    return {str(name): float(most) for name, most in ranges.items()}
