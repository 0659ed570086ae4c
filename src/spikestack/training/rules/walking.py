"""A module's network, step by step: nothing is kept but the present step and what is under way."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch

from ..cells import Run
from ..links import Link
from ..module import SpikingNetwork
from ..passing import Member
from ..products import Exact, Product
from .base import refuse_device
from .tangents import Tangents

__all__ = ["Walk"]


class Walk:
    """One run.

    Parameters
    ----------
    module
        The network.
    tangents
        By population.
    trials
        How many.

    Attributes
    ----------
    sent
        By population, what it sent in this step, (trials, neurons); None before it, or for nothing.
    heard
        By place of the link and of the product in it: the spikes that arrived through it.
    """

    def __init__(self, module: SpikingNetwork, tangents: list[Tangents], trials: int) -> None:
        refuse_device(module)
        self.m, self.tangents, self.trials, self.clock = module, tangents, trials, 0
        self.program = module._lowered(trials)
        begin = module._beginning(self.program, trials)
        self.runs: list[Run] = []
        for k, p in enumerate(self.program.populations):
            n_ref = 0 if p.n_ref is None else p.n_ref
            periods = np.tile(np.broadcast_to(n_ref, p.size).astype(np.int32), trials)
            member = Member(
                tangents[k], 0, trials, p.size, p.values, p.streams, periods,  # type: ignore[arg-type]
                begin.counters[k],
            )  # fmt: skip
            self.runs.append(member.start(begin.states[k], ()))
        levels = [p.level for p in self.program.populations]
        self.order = sorted(range(len(levels)), key=lambda k: (levels[k], k))
        self.sent: list[Any] = [None] * len(levels)
        self.heard: dict[tuple[int, int], Any] = {}
        self._before: dict[tuple[int, int], tuple[Any, Any, int]] = {}
        depth = [0] * len(levels)
        for link in module.links:
            depth[link.pre] = max(depth[link.pre], *(d for d, _ in link.parts))
        self._past: list[deque[Any]] = [deque(maxlen=d or 1) for d in depth]

    def step(self, fed: dict[str, Any]) -> None:
        """Go on by one step; `fed` holds (trials, neurons) by drive."""
        for past, sent in zip(self._past, self.sent):
            past.append(sent)
        self.heard = {}
        given = {name: value[None] for name, value in fed.items()}
        for k in self.order:
            arrived = tuple(self._arriving(k, r, given) for r in range(self.tangents[k].receptors))
            run = self.runs[k]
            self.tangents[k].advance(run, arrived)
            self.sent[k] = None
            if self.tangents[k].step.out is not None:
                self.sent[k] = torch.from_numpy(run.out.copy()).reshape(self.trials, -1)  # type: ignore[union-attr]
        self.clock += 1

    def changing(self, k: int, place: int) -> Any:
        """A derivative of this step, (trials, neurons)."""
        return torch.from_numpy(self.runs[k].kept[place]).reshape(self.trials, -1)

    def state(self, k: int, place: int) -> Any:
        """A state after this step, (trials, neurons)."""
        return torch.from_numpy(self.runs[k].states[place].copy()).reshape(self.trials, -1)

    def product(self, product: Product) -> Product:
        """As the module computes it."""
        return Exact(product) if self.m.deterministic else product

    def _arriving(self, k: int, receptor: int, fed: dict[str, Any]) -> np.ndarray:
        p = self.program.populations[k]
        total = torch.zeros((self.trials, p.size), dtype=self.m.dtype)
        for feed in self.m.feeds:
            mine = feed.receptor == receptor or (
                feed.receptor < 0 and receptor == len(p.receptors)
            )  # fmt: skip
            if feed.population == k and mine:
                made = feed.arriving(fed, 1, self.trials, p.size, self.clock, self.m.dtype)
                if made is not None:
                    total = total + made.reshape(self.trials, -1)
        for n, link in enumerate(self.m.links):
            if link.post == k and link.receptor == receptor:
                for q, (delay, product) in enumerate(link.parts):
                    total = self._through(total, (n, q), link, delay, product)
        return total.reshape(1, -1).numpy()

    def _through(
        self, total: Any, at: tuple[int, int], link: Link, delay: int, product: Product
    ) -> Any:
        past = self._past[link.pre]
        heard = self.sent[link.pre] if not delay else past[-delay] if delay <= len(past) else None
        self.heard[at] = heard
        if heard is None:
            return total
        weights = self.m._weights_of(link).detach()
        # Inputs are often the same in every step; their product need not be made again.
        old, version = self._before.get(at), self.m.weights[link.name]._version
        if old is None or old[2] != version or not torch.equal(old[0], heard):
            made = self.product(product).arrivals(heard, weights)
            old = self._before[at] = heard, made, version
        return total + old[1]
