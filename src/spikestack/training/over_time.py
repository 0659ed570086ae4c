"""Parallel spiking neurons while training: all steps at once, by one matrix over time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError, shorten
from ..neurons.base import NeuronModel
from ..program.program import PopulationProgram
from ..program.tac import Code, Instruction
from .cells import Cell
from .derived import key_of
from .parallel import band, masked_values, shape_of_masked
from .passing import Member, run_cell
from .surrogates import Surrogate

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["OverTime", "put_over_time"]

KINDS = ("masked", "gradual", "full")


def _unit(lowered: PopulationProgram) -> PopulationProgram:
    """A neuron that fires where what arrives in a step is 0 or more."""
    made = (
        Instruction("arrivals", (), 0), Instruction("const", (), 0.0), Instruction("ge", (0, 1)),
    )  # fmt: skip
    return replace(
        lowered, states=("v",), units=("1",), scales=(1.0,), initial=(0.0,), params=(), values=(),
        code=Code(made, (1,), 2, None),
    )  # fmt: skip


class _Replaced(torch.autograd.Function):
    """A value computed better than the one whose gradient is taken."""

    @staticmethod
    def forward(ctx: Any, potential: Any, better: Any) -> Any:
        return better

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0], None


class OverTime(torch.nn.Module):
    """What a population of masked parallel spiking neurons does, as products over all steps.

    Parameters
    ----------
    model
        A `masked_psn`: it gives the matrix and thresholds to begin with.
    lowered
        The population as lowered.
    kind
        ``"masked"``; ``"gradual"``: the mask, all open at first, is closed by `sharpen`, and by
        evaluation; ``"full"``: there is none, every step sees all inputs, later ones too.
    surrogate, scale
        Derivative of a spike, and the distance from the threshold that counts as 1.
    where
        The population, for messages.

    Raises
    ------
    ValidationError
        If the model is another.
    """

    share: torch.Tensor
    seen: torch.Tensor

    def __init__(
        self, model: NeuronModel, lowered: PopulationProgram, kind: str, surrogate: Surrogate,
        scale: float, where: str, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        shape = shape_of_masked(model)
        if shape is None:
            raise ValidationError(where, f"{model!r}", "spikestack.training.masked_psn(...)")
        if kind not in KINDS:
            raise ValidationError(where, f"kind {shorten(kind)}", " or ".join(map(repr, KINDS)))
        self.where, self.kind, (self.steps, self.order) = where, kind, shape
        self.cell = Cell(_unit(lowered), surrogate, scale=scale, dtype=dtype)
        self.dtype = dtype
        values: dict[str, Any] = model.values
        table = np.zeros((self.steps, self.steps))
        for t in range(self.steps):
            for k in range(min(t + 1, self.order)):
                table[t, t - k] = values[f"w{k}_{t}"]
        self.start = torch.tensor(table, dtype=dtype)
        levels = [values[f"theta_{t}"] for t in range(self.steps)]
        self.levels = torch.tensor(levels, dtype=dtype)
        inside = torch.tensor(band(self.steps, self.order))
        self.register_buffer("seen", inside, persistent=False)
        self.register_buffer("share", torch.tensor(float(kind == "masked"), dtype=torch.float64))

    def sharpen(self, progress: float) -> None:
        """Close the mask of a gradual one, from 0 to 1."""
        if self.kind == "gradual":
            self.share.fill_(min(max(progress, 0.0), 1.0))

    def mask(self) -> Any:
        """What each weight counts."""
        if self.kind == "full":
            return torch.ones_like(self.start)
        share = float(self.share) if self.training else 1.0
        return 1.0 - share * (~self.seen).to(self.dtype)

    def fire(self, weights: Any, thresholds: Any, arrived: Any, exact: bool) -> Any:
        """Spikes of all steps.

        Parameters
        ----------
        weights, thresholds
            (steps, steps), (steps,).
        arrived
            (steps or fewer, lanes).
        exact
            Whether to add as engines do, one input after the other.
        """
        count = len(arrived)
        if count > self.steps or (count < self.steps and self.kind == "full"):
            rule = f"exactly {self.steps}" if self.kind == "full" else f"at most {self.steps}"
            raise ValidationError(self.where, f"{count} steps", f"{rule}, as it is described")
        mask = self.mask()
        matrix = (weights * mask)[:count, :count]
        excess = torch.addmm(-thresholds[:count, None], matrix, arrived)
        if exact and not bool(mask[~self.seen].any()):
            summed = self._summed(matrix.detach(), arrived.detach())
            excess = _Replaced.apply(excess, summed - thresholds.detach()[:count, None])
        return self._fired(excess)

    def _fired(self, excess: Any) -> Any:
        count, lanes = excess.shape
        none = np.zeros(lanes, np.int32)
        streams = np.zeros((1, 0), np.uint64)
        member = Member(self.cell, 0, 1, lanes, (), streams, none, none.copy())
        return run_cell(member, count, excess.new_zeros((1, lanes)), (), [excess])[0]

    def _summed(self, matrix: Any, arrived: Any) -> Any:
        """The same sums in the order of the description, each operation rounded."""
        total = matrix.diagonal()[:, None] * arrived
        for k in range(1, min(self.order, len(arrived))):
            total[k:] += matrix.diagonal(-k)[:, None] * arrived[:-k]
        return total

    def described(self, weights: Any, thresholds: Any) -> dict[str, float]:
        """Values of the model's parameters.

        Raises
        ------
        ValidationError
            If it looks into the future.
        """
        if self.kind == "full":
            raise ValidationError(
                self.where, "sees inputs of later steps, which no engine can step through",
                "a mask before it is described", "train with kind='gradual' or 'masked'",
            )  # fmt: skip
        found = weights.detach().double().numpy()
        return masked_values(found, thresholds.detach().double().numpy(), self.order)


def put_over_time(module: SpikingNetwork, population: str, kind: str) -> None:
    """See `SpikingNetwork.parallel`."""
    if population not in module.names:
        raise UnknownNameError("parallel, population", population, module.names)
    k, where = module.names.index(population), f"parallel, population {population!r}"
    if any(link.pre == k == link.post for link in module.links) or not any(
        members == (k,) for members in module.rounds
    ):
        raise ValidationError(where, "is within a loop", "a part that feeds forward")
    lowered = module.program.populations[k]
    fed = any(f.population == k and f.receptor < 0 for f in module.feeds)
    if len(lowered.receptors) != 1 or fed or k in module.derived:
        raise ValidationError(where, "is driven or trained in other ways",
                              "spikes through Delta alone")  # fmt: skip
    model = module.network.populations[population].model
    made = OverTime(
        model, lowered, kind, module.surrogates[k], module.scales[k], where, module.dtype
    )
    module.parallels[f"p{k}"] = made
    for name, start in (("over_time", made.start), ("thresholds", made.levels)):
        module.values[key_of(population, name)] = torch.nn.Parameter(start.clone())
