"""ODIN's core, event after event, with its learning and its cycles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import ValidationError
from .odin import Neurons, Parameters, changed_weight, update

__all__ = ["CYCLES", "ODINCore", "cycles_of"]

#: Cycles of one event of each kind: of a spike one, and two for each pair of neurons and synapses.
CYCLES = {
    "spike": 1 + 512,
    "single synapse": 2,
    "virtual": 1 + 2,
    "time reference": 512,
    "time reference of one": 2,
    "bistability of one": 128,
    "bistability": 32_768,
}


def cycles_of(events: dict[str, int]) -> int:
    """Cycles of events, by the names of `CYCLES`."""
    return sum(CYCLES[name] * number for name, number in events.items())


class ODINCore:
    """256 neurons and their 256 x 256 synapses, which learn as spikes come.

    Parameters
    ----------
    parameters
        Of the neurons.
    synapses
        (source, target), 0 to 15: three bits of weight below one that says whether it is plastic.
    inhibits
        Of each source, whether it does.

    Attributes
    ----------
    neurons
        State.
    synapses
        As they are.
    events
        How many of each kind there were, by the names of `CYCLES`.
    operations
        Synapses looked at.
    """

    def __init__(
        self, parameters: Parameters, synapses: np.ndarray, inhibits: np.ndarray | None = None
    ) -> None:
        synapses = np.array(synapses, np.int64)
        if synapses.ndim != 2 or synapses.shape[0] != synapses.shape[1] or len(synapses) > 256:
            raise ValidationError("ODINCore", f"synapses {synapses.shape}", "(n, n), n <= 256")
        if synapses.size and not (synapses.min() >= 0 and synapses.max() <= 15):
            raise ValidationError("ODINCore", "synapses out of range", "0 to 15")
        n = len(synapses)
        self.parameters, self.synapses = parameters, synapses
        self.inhibits = np.zeros(n, bool) if inhibits is None else np.asarray(inhibits, bool)
        none, no = np.zeros(n, np.int64), np.zeros(n, bool)
        self.neurons = Neurons(none, none, none, no, no, no)
        self.events = dict.fromkeys(CYCLES, 0)
        self.operations = 0

    @property
    def cycles(self) -> int:
        """Of all events so far."""
        return cycles_of(self.events)

    def spike(self, source: int | Sequence[int], most: int = 32) -> list[int]:
        """A spike of `source` from outside, and of all neurons that it makes fire, in their order.

        Parameters
        ----------
        source
            Which row; of several the others wait before all that fire.
        most
            Events that may wait; what finds the queue full is lost.

        Returns
        -------
        list of int
            Neurons that fired.
        """
        waiting, fired = np.atleast_1d(np.asarray(source, np.int64)).tolist(), []
        while waiting:
            row = waiting.pop(0)
            self.events["spike"] += 1
            self.operations += len(self.synapses)
            weight = self.synapses[row] & 7
            weight = np.where(self.inhibits[row], -weight, weight)
            self._update(np.True_, np.False_, weight)
            # Synapses are read, then changed by what their neurons say after the event.
            plastic = self.synapses[row] >= 8
            changed = changed_weight(
                self.synapses[row], plastic, False, self.neurons.up, self.neurons.down
            )
            self.synapses[row] = changed
            now = np.flatnonzero(self.neurons.spike).tolist()
            fired += now
            waiting += now[: max(most - len(waiting), 0)]
            if len(fired) > 1 << 16:
                raise ValidationError("ODINCore", "does not come to rest", "weaker recurrence")
        return fired

    def reference(self) -> list[int]:
        """A time reference: potentials leak, calcium falls; neurons that fire are returned."""
        self.events["time reference"] += 1
        self._update(np.True_, np.True_, 0)
        return [int(k) for k in np.flatnonzero(self.neurons.spike)]

    def drift(self) -> None:
        """A bistability event: all plastic synapses drift to the nearer end."""
        self.events["bistability"] += 1
        no = np.zeros(len(self.synapses), bool)
        self.synapses = changed_weight(self.synapses, self.synapses >= 8, True, no, no)

    def _update(self, event: np.bool_, reference: np.bool_, weight: np.ndarray | int) -> None:
        self.neurons = update(self.neurons, self.parameters, event, reference, weight)
