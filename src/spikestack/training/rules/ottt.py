"""Training through the present step: OTTT and SLTT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...numerics.random import bits64, stream_key
from ..module import SpikingNetwork
from .online import OnlineRule
from .tangents import Place
from .walking import Walk

__all__ = ["OTTT", "SLTT"]


class OTTT(OnlineRule):
    """Online training through time (Xiao et al. 2022).

    In every step the loss goes back through all layers, but no step further; it meets traces of
    what came before, decaying as the potential does. Projections between layers act within their
    step (`Delta` without delay); through recurrent ones nothing goes back, but their weights learn.

    Parameters
    ----------
    module, output, loss, skip
        See `OnlineRule`.
    """

    _reset = "ignored"

    def __init__(
        self, module: SpikingNetwork, *, output: str | None = None, loss: Any = "cross-entropy",
        skip: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(module, output=output, loss=loss, skip=skip)
        self._order = self._backwards()

    def _backwards(self) -> list[tuple[int, Any]]:
        """Projections that act within their step, from the output on, each after all behind it."""
        m = self.module
        levels = [p.level for p in m.program.populations]
        found, reached = [], {self.k_out}
        for k in sorted(range(len(levels)), key=lambda k: -levels[k]):
            if k not in reached:
                continue
            for n, link in enumerate(m.links):
                at_once = self.tangents[k].seen_arrivals[link.receptor] if link.post == k else 0.0
                if link.post == k and link.parts[0][0] == 0 and (
                    isinstance(at_once, Place) or at_once
                ):  # fmt: skip
                    found.append((n, link))
                    reached.add(link.pre)
        for _, link in self.learned:
            if link.post not in reached:
                raise ValidationError(
                    f"{type(self).__name__}, population {m.names[link.post]!r}",
                    "does not reach the output within a step",
                    "Delta synapses without delay on the way", "use EProp",
                )  # fmt: skip
        return found

    def _signals(self, walk: Walk, of_answers: Any, target: Any, steps: int) -> Mapping[int, Any]:
        made = {self.k_out: of_answers}
        learning = {link.post for _, link in self.learned}
        wanted = {link.pre for _, link in self._order} & learning
        for _, link in self._order:
            if link.pre not in wanted or link.post not in made:
                continue
            entry = self.tangents[link.post].seen_arrivals[link.receptor]
            factor = walk.changing(link.post, entry) if isinstance(entry, Place) else entry
            weights = self.module._weights_of(link).detach()
            product = walk.product(link.parts[0][1])
            part = product.back(made[link.post] * factor, weights).to(of_answers.dtype)
            made[link.pre] = made[link.pre] + part if link.pre in made else part
        return made


class SLTT(OTTT):
    """Spatial learning through time (Meng et al. 2023): as `OTTT`, without the traces.

    Parameters
    ----------
    module, output, loss, skip
        See `OnlineRule`.
    learned_steps
        In how many steps, chosen at random in every call, anything is learned; all by default.
    """

    _remembers = False

    def __init__(
        self, module: SpikingNetwork, *, learned_steps: int | None = None,
        output: str | None = None, loss: Any = "cross-entropy", skip: int = 0,
    ) -> None:  # fmt: skip
        if learned_steps is not None and (not isinstance(learned_steps, int) or learned_steps < 1):
            raise ValidationError("SLTT.learned_steps", f"got {shorten(learned_steps)}", ">= 1")
        super().__init__(module, output=output, loss=loss, skip=skip)
        self.learned_steps, self.calls = learned_steps, 0

    def _signals(self, walk: Walk, of_answers: Any, target: Any, steps: int) -> Mapping[int, Any]:
        if self.learned_steps is not None and walk.clock - 1 not in self._chosen(steps):
            return {}
        return super()._signals(walk, of_answers, target, steps)

    def _chosen(self, steps: int) -> set[int]:
        key = stream_key(self.module.network.seed, "SLTT", "steps", self.calls)
        order = np.argsort(np.asarray(bits64(key, np.arange(steps, dtype=np.uint64))))
        return set((order[: self.learned_steps]).tolist())

    def _run(self, inputs: Any, steps: int | None, targets: Any, each_step: Any) -> float:
        self.calls += targets is not None
        return super()._run(inputs, steps, targets, each_step)
