"""BrainChip's Akida 1.0: AKD1000 and AKD1500."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ..chip import Chip
from ..circuits.akida import quantise_akida
from ..faults import honoured
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind, Violation
from ..mapping.cores import MappedNetwork, free_places
from ..mapping.frame_layers import Layer, Piece, cut, laid_out, layers_of
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised

__all__ = ["AKD1500", "Akida"]

_BLACK_BOX = "virtual device of akida 2.19.3"
_BRIEF = "BrainChip, product brief of AKD1000"
_NONE = "no table has been found"


def _counted(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.BLACK_BOX, _BLACK_BOX, note)


def _remembered(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, "from memory", note)


class Akida(Chip):
    """AKD1000: 80 processors for layers of few bits, of which its software shows 78.

    Layers have no memory: a step in which anything arrives is a frame, and what is sent are numbers
    from 0 to 15. Networks over time become such by `framing.framed`. Nothing is published about
    energy or time; figures of one's own may be given: ``Akida(event_energy=Figure(...))``.
    """

    maker, year = "BrainChip", 2021
    features = "frames of events, weights and activations of 1 to 4 bits, last layer learns"

    cores = Figure(80, "neural processors", Grade.MAKER, _BRIEF, "20 nodes of 4")
    shown = _counted(78, "neural processors", "that layers may take, each able to convolve")
    separable = _counted(54, "neural processors", "that separable convolutions may take (CNP2)")
    full_local = _counted(18, "neural processors", "for full connections (FNP3)")
    full_large = _counted(4, "neural processors", "for full connections (FNP2)")
    weight_bits = Figure(4, "bits", Grade.MAKER, _BRIEF, "1, 2, 4; of full connections")
    convolution_bits = _counted(2, "bits", "of the weights of convolutions but the first")
    input_bits = Figure(8, "bits", Grade.MAKER, _BRIEF, "of the first layer, weights and input")
    activation_bits = Figure(4, "bits", Grade.MAKER, _BRIEF, "1, 2, 4")
    processor_memory = _remembered(100_000, "bytes", "of a processor: its weights and potentials")
    memory = _remembered(8e6, "bytes", "of SRAM in all")
    process = _remembered(28, "nm")
    clock = _remembered(300, "MHz", "at most")
    claimed_neurons = Figure(1.2e6, "neurons", Grade.MAKER, _BRIEF, "a claim, no registers")
    claimed_synapses = Figure(1e10, "synapses", Grade.MAKER, _BRIEF, "a claim, no registers")

    event_energy = Figure(None, "pJ", Grade.UNVERIFIED, _NONE, "of an event at a tap")
    event_time = Figure(None, "ns", Grade.UNVERIFIED, _NONE, "of an event at a tap")
    power = Figure(None, "mW", Grade.UNVERIFIED, _NONE, "of the chip, whatever happens")
    settable: ClassVar[tuple[str, ...]] = (
        "step", "event_energy", "event_time", "power", "processor_memory",
    )  # fmt: skip

    mesh = Mesh(5, 4)
    tile = 4
    word_bits = 32
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 4, "convolutional": 2}
    #: Where convolutions of the input are computed: a place that the software does not show.
    input_place: ClassVar[int] = 79

    def __init__(self, *, chips: int = 1, faults: Any = None, **figures: Figure) -> None:
        super().__init__(chips=chips, faults=faults, **figures)
        kinds = ("dense events", "convolutional events")
        self.prices = {  # type: ignore[misc]
            "of your own": Prices(
                "nothing is published", Scope.PER_TERM,
                energy=dict.fromkeys(kinds, self.event_energy), static={"chip": self.power},
                time=dict.fromkeys(kinds, self.event_time),
            )
        }  # fmt: skip

    @property
    def limits(self) -> tuple[Limit, ...]:  # type: ignore[override]
        """What does not fit."""
        wall, fewer = LimitKind.WALL, "use fewer or smaller layers, or more chips"
        full = int(self.full_local) + int(self.full_large)
        note = "FNP2 and FNP3"
        return (
            Limit("memory bytes", "core", self.processor_memory, LimitKind.BUDGET,
                  "use fewer inputs to a neuron"),
            Limit("neural processors", "chip", self.shown, wall, fewer),
            Limit("processors for separable convolutions", "chip", self.separable, wall, fewer),
            Limit("processors for full connections", "chip", _counted(full, "processors", note),
                  wall, fewer),
        )  # fmt: skip

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring layers without memory into the chip's numbers; see `circuits.akida`."""
        return quantise_akida(network, dt, int(self.weight_bits))

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Lay the layers of a quantised network on processors, one after the other.

        A layer is cut into channels, and only where one channel alone is too much into places, so
        that each piece fits a processor. `rates` and `seed` play no part. Processors that are dead
        among the `faults` are passed over.
        """
        kinds = ("dead_cores", "dead_chips", "stuck_synapses", "bit_flips")
        faults = honoured(self, *kinds, why="how packets are routed is not published")
        return laid_out(quantised, self, self.pieces(layers_of(quantised)), faults)

    def pieces(self, layers: list[Layer]) -> list[Piece]:
        """Every layer's pieces on processors.

        Raises
        ------
        ValidationError
            If anything does not fit; every limit that is passed is named.
        """
        made: list[Piece] = []
        taken: dict[str, int] = {}
        passed: list[Violation] = []
        room, *counted = self.limits
        at, alive = 0, self._alive()
        for layer in layers:
            if layer.kind == "input":
                parts = [np.arange(layer.neurons)]
            else:
                parts = self._fitting(layer)
            for neurons in parts:
                used = {"memory bytes": self._bytes(layer, neurons)}
                on_input = layer.kind == "input"
                place = self._place(at, on_input, alive)
                made.append(Piece(layer, neurons, place, used))
                at += not on_input
            if layer.kind != "input":
                taken[layer.kind] = taken.get(layer.kind, 0) + len(parts)
                worst = max(self._bytes(layer, neurons) for neurons in parts)
                if worst > float(room.most):
                    passed.append(Violation(room, worst, f"layer {layer.name!r}"))
        found = (sum(taken.values()), taken.get("separable", 0), taken.get("dense", 0))
        passed += [
            Violation(limit, number, f"{self.chips} of {self.name}")
            for limit, number in zip(counted, found, strict=True)
            if number > float(limit.most) * self.chips
        ]
        if passed:
            raise ValidationError(self.name, "; ".join(map(str, passed)))
        if at > len(alive):
            dead = int(self.shown) * self.chips - len(alive)
            raise ValidationError(
                self.name, f"{at} pieces of layers", f"{len(alive)} processors, {dead} being dead",
                "use fewer or smaller layers, or more chips",
            )  # fmt: skip
        return made

    def _alive(self) -> list[int]:
        """Places of processors that layers may take."""
        free = free_places(self)
        return [int(p) for p in free[free % int(self.cores) < int(self.shown)]]

    def _place(self, at: int, on_input: bool, alive: list[int]) -> int:
        """Where the next piece goes; beyond the last, which is refused, anywhere."""
        if not on_input:
            return alive[min(at, len(alive) - 1)] if alive else 0
        if self.input_place not in free_places(self):
            raise ValidationError(f"{self.name}, faults", f"place {self.input_place} is dead",
                                  "alive: it alone computes convolutions of the input")  # fmt: skip
        return self.input_place

    def _fitting(self, layer: Layer) -> list[np.ndarray]:
        """The fewest pieces each of which a processor can hold; the smallest there are if none."""
        room = float(self.processor_memory)
        ways = [(c, 1) for c in range(1, layer.channels + 1)]
        ways += [(layer.channels, p) for p in range(2, layer.places + 1)]
        for ways_of in ways:
            channels = -(-layer.channels // ways_of[0])
            places = -(-layer.places // ways_of[1])
            if self._needed(layer, channels, channels * places) <= room:
                break
        return cut(layer, *ways_of)

    def _bytes(self, layer: Layer, neurons: np.ndarray) -> float:
        return self._needed(layer, len(np.unique(neurons // layer.places)), len(neurons))

    def _needed(self, layer: Layer, channels: int, neurons: int) -> float:
        """Bytes of weights, and of potentials of 32 bits."""
        bits = {
            "input": float(self.input_bits), "dense": float(self.weight_bits),
        }.get(layer.kind, float(self.convolution_bits))  # fmt: skip
        # Of full connections a piece holds the weights of its own neurons only.
        stored = channels * layer.weights
        if layer.kind == "dense":
            stored = neurons * (layer.weights // layer.places)
        return stored * bits / 8.0 + 4.0 * neurons


class AKD1500(Akida):
    """A smaller Akida 1.0, of 32 processors."""

    compared = False

    year = 2023
    cores = _counted(32, "neural processors", "8 nodes of 4")
    shown = _counted(32, "neural processors", "that layers may take, each able to convolve")
    separable = _counted(21, "neural processors", "that separable convolutions may take (CNP2)")
    full_local = _counted(7, "neural processors", "for full connections (FNP3)")
    full_large = _counted(1, "neural processors", "for full connections (FNP2)")
    memory = Figure(None, "bytes", Grade.UNVERIFIED, _NONE)
    mesh = Mesh(4, 2)
    #: Beyond the processors, at the last node's side.
    input_place: ClassVar[int] = 31
