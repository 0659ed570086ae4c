"""Networks on several cards, layer by layer: what goes from card to card, how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .ledger import Ledger
from .mapping.cores import MappedNetwork
from .running import ChipRun, MappedSimulation

__all__ = ["CardSimulation", "FrameTime", "MappedCards", "crossings"]


@dataclass(frozen=True)
class FrameTime:
    """How long a frame takes.

    Attributes
    ----------
    cycles
        By layer.
    seconds
        Of a frame, one layer after the other, and from card to card in between.
    stages
        By card, how long it computes or sends, whichever takes longer, in s.
    """

    cycles: Mapping[str, int]
    seconds: float
    stages: Mapping[int, float]

    @property
    def frames(self) -> float:
        """Frames in a second, one at a time."""
        return 1.0 / self.seconds

    @property
    def pipelined(self) -> float:
        """Frames in a second where each card works on one, and sends it while it computes."""
        return 1.0 / max(self.stages.values())


@dataclass(frozen=True, kw_only=True)
class MappedCards(MappedNetwork):
    """A network on cards, each of which holds some of its layers.

    Attributes
    ----------
    layers
        By card, names of its layers.
    crossing
        Numbers that each core sends to other cards in a frame, once for each (int64).
    frame
        How long one takes.
    """

    layers: Mapping[int, tuple[str, ...]]
    crossing: np.ndarray
    frame: FrameTime

    def __str__(self) -> str:
        rows = [f"  card {k}: {', '.join(names)}" for k, names in self.layers.items()]
        sent = f"  numbers from card to card in a frame: {int(self.crossing.sum()):,}"
        return "\n".join([super().__str__(), *rows, sent])

    def counted(self, ledger: Ledger) -> Ledger:
        """A ledger with all numbers of a frame sent from card to card, zeros among them."""
        name = "hops between chips"
        frames = (ledger.by_step["busy cores"].sum(axis=1) > 0).astype(np.int64)
        made = np.outer(frames, self.crossing)
        counts = dict(ledger.counts) | {name: made.sum(0)}
        return replace(ledger, counts=counts, by_step=dict(ledger.by_step) | {name: made})


def crossings(mapped: MappedNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Numbers that cores send to other cards, and that they send to each of them.

    Returns
    -------
    tuple
        int64[cores], and int64[cards, cards] from card to card.
    """
    routes, chip = mapped.routes, mapped.chip
    assert routes is not None
    card = np.array([core.place for core in mapped.cores], np.int64) // int(chip.cores)
    inside = routes.contacts.source < len(routes.core)
    source, to = routes.contacts.source[inside], card[routes.contacts.to[inside]]
    source, to = np.unique(np.stack([source, to]), axis=1)
    core = routes.core[source]
    away = card[core] != to
    between = np.zeros((chip.chips, chip.chips), np.int64)
    np.add.at(between, (card[core[away]], to[away]), 1)
    return np.bincount(core[away], minlength=len(mapped.cores)).astype(np.int64), between


class CardSimulation(MappedSimulation):
    """A network on cards that is running."""

    mapped: MappedCards

    def result(self) -> ChipRun:
        """What was recorded and counted since the start."""
        made = super().result()
        return ChipRun.of(self.mapped, made.integers, self.mapped.counted(made.ledger))
