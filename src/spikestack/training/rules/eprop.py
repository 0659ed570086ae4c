"""Eligibility propagation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...errors import ValidationError, shorten
from ...numerics.random import normal, stream_key
from ..module import SpikingNetwork
from .eligibility import Filter
from .online import OnlineRule
from .walking import Walk

__all__ = ["EProp"]


class EProp(OnlineRule):
    """e-prop (Bellec et al. 2020): eligibility traces times learning signals.

    Traces are derived from the neuron's equations, so any model learns: they follow how a synapse
    has acted on its own target, in all its states, and leave out what went through other neurons.
    Without recurrence, and with symmetric feedback, the gradient is that of back-propagation
    through time.

    Parameters
    ----------
    module, output, loss, skip
        See `OnlineRule`. The output is linear, as a leaky integrator.
    feedback
        ``"symmetric"``: signals come back by the weights that lead to the output; ``"random"``: by
        fixed random ones (of a standard deviation of one by the root of the number of outputs),
        which also reach populations that do not project to the output.
    reset
        What the traces know of spikes: ``"detached"`` or ``"ignored"`` (see `Tangents`). Ignored,
        the traces of LIF neurons with any reset are shared by all synapses of a source.
    """

    def __init__(
        self, module: SpikingNetwork, *, feedback: str = "symmetric", reset: str = "detached",
        output: str | None = None, loss: Any = "cross-entropy", skip: int = 0,
    ) -> None:  # fmt: skip
        if feedback not in ("symmetric", "random"):
            raise ValidationError("EProp.feedback", f"got {shorten(feedback)}", "symmetric, random")
        if reset not in ("detached", "ignored"):
            raise ValidationError("EProp.reset", f"got {shorten(reset)}", "detached, ignored")
        self.feedback, self._reset = feedback, reset
        super().__init__(module, output=output, loss=loss, skip=skip)
        self._ways = {k: self._way(k) for k in {link.post for _, link in self.learned}}

    def _way(self, k: int) -> tuple[Any, Filter] | None:
        """From a population to the output: the projection, or random weights, and the filter."""
        if k == self.k_out:
            return None
        m, out = self.module, self.tangents[self.k_out]
        names = m.names[k], m.names[self.k_out]
        direct = [link for link in m.links if (link.pre, link.post) == (k, self.k_out)]
        if self.feedback == "symmetric":
            if len(direct) != 1 or [d for d, _ in direct[0].parts] != [0]:
                raise ValidationError(
                    f"EProp, population {names[0]!r}",
                    f"does not project to {names[1]!r} once and without delay",
                    "feedback='random'",
                )  # fmt: skip
            return direct[0], Filter(out, direct[0].receptor, names[1])
        receptors = {link.receptor for link in m.links if link.post == self.k_out}
        size = m.program.populations[k].size, m.program.populations[self.k_out].size
        key = stream_key(m.network.seed, names[0], "feedback")
        drawn = np.asarray(normal(key, np.arange(size[0] * size[1], dtype=np.uint64)))
        weights = torch.tensor(drawn.reshape(size) / np.sqrt(size[1]), dtype=m.dtype)
        receptor = direct[0].receptor if direct else min(receptors)
        return weights, Filter(out, receptor, names[1])

    def _filter(self, k: int) -> Filter | None:
        way = self._ways[k]
        return None if way is None else way[1]

    def _signals(self, walk: Walk, of_answers: Any, target: Any, steps: int) -> Mapping[int, Any]:
        made = {self.k_out: of_answers}
        for k, way in self._ways.items():
            if way is None:
                continue
            if isinstance(way[0], torch.Tensor):
                made[k] = of_answers @ way[0].t()
            else:
                weights = self.module._weights_of(way[0]).detach()
                product = walk.product(way[0].parts[0][1])
                made[k] = product.back(of_answers, weights).to(of_answers.dtype)
        return made
