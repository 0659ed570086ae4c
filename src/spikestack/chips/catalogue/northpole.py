"""IBM's NorthPole."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import fields, replace
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ..cards import CardSimulation, FrameTime, MappedCards, crossings
from ..chip import Chip
from ..circuits.akida import quantise_requantising
from ..evaluating import Inferences, infer
from ..faults import honoured
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind, Violation
from ..mapping.cores import MappedNetwork, free_places
from ..mapping.frame_layers import Layer, Piece, cut, laid_out, layers_of
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..running import ChipRun

__all__ = ["NorthPole"]

_M23 = "Modha et al. 2023, Science 382:329, doi:10.1126/science.adh1174"
_RACK = "arXiv:2511.15950"
_LLM = "IBM 2024, a model of 3 billion parameters on 16 cards"


def _silicon(value: float, unit: str, source: str = _M23, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, source, note)


def _remembered(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, "from memory", note)


class NorthPole(Chip):
    """256 cores that compute dense layers of 8, 4 or 2 bits, with all memory on the chip.

    It does not spike: zeros take as long as any number. Networks over time become such by
    `framing.framed`.

    Parameters
    ----------
    bits
        Of weights and activations: 8, 4 or 2.
    chips
        Cards in a server, of which as many are used as it takes to hold all layers.
    faults, figures
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
    card_link = _remembered(
        7.88, "GB/s", f"an estimate: PCIe 3.0, 8 lanes of 8 GT/s; cards talk by PCIe ({_RACK})"
    )
    networks = _remembered(4, "networks", "partial sums, activations, weights, instructions")
    resnet_energy = _silicon(25, "times", note="frames per joule of a 12 nm GPU, ResNet-50")
    resnet_latency = _silicon(22, "times", note="lower latency than a 12 nm GPU, ResNet-50")
    resnet_area = _silicon(5, "times", note="frames per transistor of a 12 nm GPU, ResNet-50")
    resnet_rate = _remembered(42_460, "frames/s", "ResNet-50")
    resnet_frames_per_joule = _remembered(571, "frames/J", "ResNet-50")
    settable: ClassVar[tuple[str, ...]] = (
        "step", "clock", "operations_per_mac", "card_link",
    )  # fmt: skip

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
        self.bits = bits
        super().__init__(chips=chips, faults=faults, **figures)

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring layers into integers; see `circuits.akida.quantise_requantising`."""
        return quantise_requantising(network, dt, self.name, self.bits, 2**self.bits - 1)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedCards:
        """Spread each layer over all cores of a card, by channel and by place.

        Layers go to one card, in their order, until its memory is full, then to the next. `rates`
        and `seed` play no part. A step in which anything arrives takes the time of a frame.

        Raises
        ------
        ValidationError
            If the network does not fit the memory of the cards.
        """
        kinds = ("dead_cores", "dead_chips", "stuck_synapses", "bit_flips")
        faults = honoured(self, *kinds, why="how its networks route packets is not published")
        layers = layers_of(quantised)
        dealt = self._dealt(layers)
        timed = copy(self)
        pieces = [p for card, held in dealt.items() for x in held for p in self._spread(x, card)]
        mapped = laid_out(quantised, timed, pieces, faults)
        crossing, between = crossings(mapped)
        time = self.frame_time(layers, {x.name: c for c, held in dealt.items() for x in held},
                               between)  # fmt: skip
        frame = Figure(time.seconds * 1e6, "us", Grade.DERIVED, "cycles of all layers by the clock",
                       "operations for a multiplication are not verified")  # fmt: skip
        timed.prices = {  # type: ignore[misc]
            name: replace(table, time={"busy cores": frame}) for name, table in self.prices.items()
        }
        names = {card: tuple(x.name for x in held) for card, held in dealt.items()}
        self._check_input(quantised, names, between)
        given = {f.name: getattr(mapped, f.name) for f in fields(MappedNetwork)}
        return MappedCards(**given, layers=names, crossing=crossing, frame=time)

    def _dealt(self, layers: list[Layer]) -> dict[int, list[Layer]]:
        """Layers of each card: in their order, the next card when one is full."""
        room = self.limits[0]
        cards = iter(np.unique(free_places(self) // int(self.cores)).tolist())
        made: dict[int, list[Layer]] = {}
        card, used = next(cards, -1), np.zeros(int(self.cores))
        for layer in layers:
            alone = self._load(layer, card)
            if made.get(card) and (used + alone).max() > float(room.most):
                after = next(cards, -1)
                if after < 0:
                    worst = int((used + alone).argmax())
                    over = Violation(room, float((used + alone)[worst]), f"core {worst}")
                    raise ValidationError(self.name, str(over), f"{self.chips} cards' memory",
                                          "pass chips=, or use fewer bits")  # fmt: skip
                card, used, alone = after, np.zeros_like(used), self._load(layer, after)
            if card < 0 or alone.max() > float(room.most):
                over = Violation(room, float(alone.max()), f"a core, by layer {layer.name!r} alone")
                raise ValidationError(self.name, str(over), "layers that one card holds",
                                      "use fewer bits, or a smaller layer")  # fmt: skip
            used = used + alone
            made.setdefault(card, []).append(layer)
        return made

    def _load(self, layer: Layer, card: int) -> np.ndarray:
        """Bytes of each core of a card that a layer takes."""
        made = np.zeros(int(self.cores))
        for piece in self._spread(layer, card):
            made[piece.place % len(made)] += piece.used["memory bytes"]
        return made

    def frame_time(
        self, layers: list[Layer], card_of: Mapping[str, int] | None = None,
        sent: np.ndarray | None = None,
    ) -> FrameTime:  # fmt: skip
        """Cycles of every layer: multiplications by those that its cores make in a cycle.

        Parameters
        ----------
        layers
            Of the network.
        card_of
            Of each layer; the first by default.
        sent
            Numbers from card to card, int64[cards, cards]; one after the other over a card's link.
        """
        card_of = dict.fromkeys((x.name for x in layers), 0) if card_of is None else card_of
        cycles = {x.name: self._cycles(x, card_of[x.name]) for x in layers}
        clock, rate = float(self.clock) * 1e6, float(self.card_link) * 1e9
        none = np.zeros((self.chips, self.chips), np.int64)
        sending = (none if sent is None else sent).sum(1) * self.bits / 8.0 / rate
        work = np.zeros(self.chips)
        for name, number in cycles.items():
            work[card_of[name]] += number / clock
        stages = {card: float(max(work[card], sending[card])) for card in set(card_of.values())}
        return FrameTime(cycles, float(work.sum() + sending.sum()), stages)

    @property
    def operations(self) -> float:
        """Of all cores in a second, at `bits`."""
        return int(self.cores) * self._per_cycle() * float(self.clock) * 1e6

    def _per_cycle(self) -> float:
        each = {8: self.operations_8, 4: self.operations_4, 2: self.operations_2}
        return float(each[self.bits])

    def _cycles(self, layer: Layer, card: int) -> int:
        ways = self._ways(layer, len(self._places(card)))
        macs = self._per_cycle() / float(self.operations_per_mac)
        return max(1, int(np.ceil(layer.macs / (ways[0] * ways[1] * macs))))

    def _places(self, card: int) -> np.ndarray:
        """Cores of a card that are alive."""
        free = free_places(self)
        return np.asarray(free[free // int(self.cores) == card])

    def _ways(self, layer: Layer, cores: int) -> tuple[int, int]:
        """Into how many parts of channels and of places: as many cores as can have any."""
        channels = max(1, min(layer.channels, cores))
        return channels, max(1, min(layer.places, cores // channels))

    def _spread(self, layer: Layer, card: int) -> list[Piece]:
        places = self._places(card)
        parts = cut(layer, *self._ways(layer, len(places)))
        return [
            Piece(layer, neurons, int(place), {"memory bytes": self._bytes(layer, neurons)})
            for place, neurons in zip(places, parts, strict=False)
        ]

    def _bytes(self, layer: Layer, neurons: np.ndarray) -> float:
        """Of weights, and of what the neurons send."""
        channels = len(np.unique(neurons // layer.places))
        stored = channels * layer.weights
        if layer.kind == "dense":
            stored = len(neurons) * (layer.weights // layer.places)
        return (stored + len(neurons)) * self.bits / 8.0

    def _check_input(
        self, quantised: Quantised, names: Mapping[int, tuple[str, ...]], between: np.ndarray
    ) -> None:
        """Refuse more numbers from outside, or from other cards, than a card has room for."""
        buffer, passed = self.limits[1], []
        for card, held in names.items():
            heard = {
                p.pre.population.name: p.pre.population.size
                for p in quantised.network.projections.values()
                if p.post.population.name in held and p.pre.population.name not in quantised.scales
            }
            given = (sum(heard.values()) + int(between[:, card].sum())) * self.bits / 8.0
            if given > float(buffer.most):
                passed.append(str(Violation(buffer, given, f"card {card}")))
        if passed:
            raise ValidationError(self.name, "; ".join(passed), "inputs that cards have room for")

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped for a number of steps."""
        assert isinstance(mapped, MappedCards)
        simulation = CardSimulation(mapped)
        simulation.forward(int(steps), progress=progress)
        return simulation.result()

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples, each from the network's start; see `evaluating.infer`."""
        assert isinstance(mapped, MappedCards)
        return infer(mapped, samples, drive, progress, CardSimulation(mapped, threads=1))
