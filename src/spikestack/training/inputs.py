"""What drives bring to a network that learns: given spikes and currents, and what is fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..errors import ValidationError
from ..program.program import Program

__all__ = ["Feed", "feeds_of"]


@dataclass(frozen=True)
class Feed:
    """One drive.

    Attributes
    ----------
    kind
        ``"spikes"`` or ``"current"`` for what each call brings, ``"given"`` for what is described.
    population, receptor
        Where it acts; receptor is -1 for currents.
    ids
        Driven neurons.
    weights
        Of an event, by driven neuron, coherent units.
    given
        (steps, ids, values) of what is described.
    """

    name: str
    kind: str
    population: int
    receptor: int
    ids: np.ndarray
    weights: np.ndarray
    given: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def arriving(
        self, fed: dict[str, Any], steps: int, trials: int, size: int, clock: int, dtype: Any,
        own: bool = True, device: Any = None,
    ) -> Any:  # fmt: skip
        """What comes to the receptor: (steps or 1, trials * size), or None for nothing.

        Unless it must be the receptor's `own` it may be what was fed.
        """
        if self.given is not None:
            return self._listed(steps, trials, size, clock, dtype).to(device)
        if self.name not in fed:
            return None
        made = fed[self.name]
        if own or (self.weights != 1).any():
            made = made * torch.tensor(self.weights, dtype=dtype, device=device)
        if len(self.ids) < size or (np.diff(self.ids) != 1).any():
            whole = made.new_zeros((*made.shape[:2], size))
            made = whole.index_add(2, torch.from_numpy(self.ids).to(device), made)
        return made.reshape(len(made), -1).contiguous()

    def _listed(self, steps: int, trials: int, size: int, clock: int, dtype: Any) -> Any:
        when, ids, values = self.given  # type: ignore[misc]
        rows = np.zeros((steps, size))
        if self.receptor >= 0:
            due = (when > clock) & (when <= clock + steps)
            np.add.at(rows, (when[due] - clock - 1, ids[due]), values[due])
        else:
            for step, i, value in zip(when, ids, values):
                if step < clock + steps:
                    rows[max(0, step - clock) :, i] = value
        return torch.tensor(np.tile(rows, (1, trials)), dtype=dtype)


def feeds_of(program: Program) -> list[Feed]:
    """All drives of a program.

    Raises
    ------
    ValidationError
        If one draws random spikes while the network runs.
    """
    if program.poisson:
        raise ValidationError(
            f"compile, drive {program.poisson[0].name!r}",
            "draws random spikes while the network runs",
            "spikes that are given",
            "use ExternalSpikes and pass counts of spikes, as from torch.poisson",
        )
    made = []
    for port in program.ports:
        receptor = program.populations[port.population].receptors
        if port.kind == "spikes" and port.receptor >= 0:
            weights = port.weights * receptor[port.receptor].quantum
            made.append(
                Feed(port.name, "spikes", port.population, port.receptor, port.ids, weights)
            )
        elif port.kind == "current":
            made.append(
                Feed(port.name, "current", port.population, -1, port.ids, np.ones(len(port.ids)))
            )
    events = program.events
    for k, r in {(int(a), int(b)) for a, b in zip(events.populations, events.receptors)}:
        mine = (events.populations == k) & (events.receptors == r) & (events.trials < 1)
        quantum = program.populations[k].receptors[r].quantum
        given = events.steps[mine], events.ids[mine], events.weights[mine] * quantum
        made.append(Feed("events", "given", k, r, np.zeros(0, np.int64), np.zeros(0), given))
    currents = program.currents
    for k in {int(p) for p in currents.populations}:
        mine = currents.populations == k
        given = currents.steps[mine], currents.ids[mine], currents.values[mine]
        made.append(Feed("currents", "given", k, -1, np.zeros(0, np.int64), np.zeros(0), given))
    return made
