"""A chip as data: what it is, what it cannot do, what it costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import UnknownNameError, ValidationError
from ..feeding import whole_steps
from ..network.network import Network
from ..neurons.base import NeuronModel
from ..settings import checked_count, checked_dt
from .evaluating import Inferences, infer
from .faults import KINDS, Faults, honoured, with_faults
from .figures import Figure
from .limits import Limit
from .mapping.cores import MappedNetwork, map_network
from .mapping.mesh import Mesh
from .pricing import Prices
from .quantising import Quantised, refuse_crossbars
from .running import ChipRun, run_mapped

__all__ = ["Chip"]


class Chip(ABC):
    """The base of all chips; one is a class of attributes.

    Attributes
    ----------
    maker, year
        Who made it, when it was published.
    features
        What sets it apart, for the table of chips.
    cores
        How many compute, on one chip.
    step
        How long a time step lasts by default; None where steps are as short as the load allows.
    speedup
        Of chips whose neurons are analog circuits: how much faster than described they are.
    mesh
        Routers of one chip.
    tile
        Cores at a router.
    word_bits
        Of a word of synaptic memory.
    synapse_bits
        What a synapse takes of it, by format: ``"dense"``, ``"sparse"``, ``"convolutional"``.
    limits
        What does not fit.
    prices
        Price tables by name, the first for reports.

    Every attribute that is a `Figure` belongs to the description.
    """

    maker: str
    year: int
    features: str
    cores: Figure
    step: Figure | None = None
    speedup: Figure | None = None
    mesh: Mesh
    tile: int = 1
    word_bits: int = 64
    synapse_bits: ClassVar[Mapping[str, float]]
    #: Whether a core holds the kernel of a convolution once, ``synapse_bits["convolutional"]`` a
    #: weight; else they are the bits of each of its synapses.
    shares_kernels: bool = False
    #: What a list of synapses takes of the memory of synapses, where they share it.
    axon_words: float = 0.0
    limits: tuple[Limit, ...] = ()
    prices: ClassVar[Mapping[str, Prices]]

    #: Whether it can be had without a description of the user's.
    complete: ClassVar[bool] = True
    #: Whether it is among "all" chips of a comparison; variants of another are not.
    compared: ClassVar[bool] = True
    #: Whether its mapper makes the ways of packets by itself, not over `mesh`.
    routes_itself: ClassVar[bool] = False
    #: What a user may set, by name: figures in place of the chip's own.
    settable: ClassVar[tuple[str, ...]] = ("step",)

    def __init__(self, *, chips: int = 1, faults: Faults | None = None, **figures: Figure) -> None:
        self.chips, self.faults = checked_count(chips, f"{self.name}, chips"), faults
        for name, figure in figures.items():
            if name not in self.settable:
                raise UnknownNameError(type(self).__name__, name, self.settable)
            if not isinstance(figure, Figure):
                where = f"{type(self).__name__}.{name}"
                raise ValidationError(where, f"got {figure!r}", "a Figure, with unit and source")
            setattr(self, name, figure)

    def of_chips(self, chips: int) -> Self:
        """The same, with another number of chips."""
        made = copy(self)
        made.chips = checked_count(chips, f"{self.name}, chips")
        return made

    @abstractmethod
    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network into the chip's numbers.

        Raises
        ------
        ValidationError
            If anything in it cannot be had on the chip.
        """

    def training_settings(self, network: Network, dt: float = 1.0) -> dict[str, Any]:
        """What `Network.compile` must be told so that training sees the chip's weights.

        Parameters
        ----------
        network
            The description, which is quantised as it is: what the chip cannot have is said before
            anything is trained.
        dt
            Its step in ms.

        Returns
        -------
        dict
            ``weight_bits``: by projection, those that the chip stores, where 2 to 16 bits hold
            their weights. Projections onto readouts of the host's are left out.

        Raises
        ------
        ValidationError
            If anything in the network cannot be had on the chip.
        """
        losses = self.quantise(network, dt).losses
        bits = {name: losses[name].bits for name in network.projections if name in losses}
        return {"weight_bits": {n: int(b) for n, b in bits.items() if 2 <= b <= 16 and b == int(b)}}

    def state_words(self, model: NeuronModel) -> float:
        """Words of the memory of synapses that a neuron's states take; 0 where they have theirs."""
        return 0.0

    def map(
        self, network: Network, dt: float = 1.0, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Quantise a network and lay it out on the chip.

        Parameters
        ----------
        network
            The description.
        dt
            Its step in ms, which becomes one step of the chip.
        rates
            Spikes in a unit of time of each neuron on the chip; all alike by default.
        seed
            Of what is left to chance.

        Raises
        ------
        ValidationError
            If it does not fit; every violated limit is named, with what to do.
        """
        refuse_crossbars(network, self.name)
        return self.lay_out(replace(self.quantise(network, dt), described=network), rates, seed)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Deal a quantised network out to cores; see `mapping.cores.map_network`."""
        faults = honoured(self, *KINDS, why="all of them")
        return map_network(with_faults(quantised, faults), self, rates, seed)

    def run(
        self,
        network: Network,
        duration: Any,
        *,
        dt: Any = 1.0,
        rates: np.ndarray | None = None,
        seed: int = 1,
        progress: bool | None = None,
    ) -> ChipRun:
        """Map a network and run it; what ``net.run(duration, on=chip)`` calls.

        Parameters
        ----------
        network
            The description.
        duration
            ms.
        dt
            Its step in ms, which becomes one step of the chip.
        rates, seed
            See `map_network`.
        progress
            Whether to show a bar; by default on a terminal only.
        """
        dt = checked_dt(dt)
        mapped = self.map(network, dt, rates, seed)
        return self.execute(mapped, whole_steps(duration, dt), progress)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped for a number of steps; see `running.run_mapped`."""
        return run_mapped(mapped, steps, progress)

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples, each from the network's start; see `evaluating.infer`."""
        return infer(mapped, samples, drive, progress)

    def table(self, name: str | None = None) -> Prices:
        """One of the chip's price tables, the first unless named."""
        if name is None:
            return next(iter(self.prices.values()))
        if name not in self.prices:
            raise UnknownNameError(f"{self.name}, price table", name, self.prices)
        return self.prices[name]

    @property
    def name(self) -> str:
        """The class's name."""
        return type(self).__name__

    def figures(self) -> dict[str, Figure]:
        """Every figure of the description, by name: attributes, limits, prices."""
        found: dict[str, Figure] = {}
        for kind in reversed(type(self).__mro__):
            found |= {n: getattr(self, n) for n, v in vars(kind).items() if isinstance(v, Figure)}
        for limit in self.limits:
            found[f"most {limit.counts} per {limit.per}"] = limit.most
        for table, prices in self.prices.items():
            for part in ("energy", "static", "time", "barrier"):
                for name, figure in getattr(prices, part).items():
                    found[f"{table}, {part}, {name}"] = figure
        return found

    def describe(self) -> str:
        """All that is known of it, as text, each number with grade and source."""
        rows = [f"{self.name} ({self.maker}, {self.year}): {self.features}"]
        for name, figure in self.figures().items():
            note = f"; {figure.note}" if figure.note else ""
            label = name.replace("_", " ")
            rows.append(f"  {label}: {figure} [{figure.grade}; {figure.source}{note}]")
        return "\n".join(rows)
