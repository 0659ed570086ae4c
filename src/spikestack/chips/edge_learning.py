"""Akida's last layer, which learns on the chip: binary weights that move to active inputs.

The rule is known from the maker's description and the names of its parameters; ties and the order
of draws are not public, so it is held to accuracy, not to bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ValidationError
from ..network.files import network_of, plain_with_arrays
from ..network.network import Network
from ..network.population import Population
from ..network.rules import Dense
from ..neurons.discrete_lif import LeakyIntegrator
from ..numerics.random import stream_key, uniform
from ..synapses.delta import Delta

__all__ = ["EdgeLayer"]


class EdgeLayer:
    """A fully connected layer of binary weights that learns from labelled examples, one by one.

    Every class has some neurons, every neuron `num_weights` weights of 1. Of a labelled input the
    neuron of its class that has most of its weights on active inputs learns: weights on inactive
    inputs move to active ones that have none, as many as its plasticity says. Plasticity falls with
    every example that a neuron learns. Classes that no example names do not change, so a class can
    be added without the examples of others.

    Parameters
    ----------
    inputs, classes
        How many there are.
    num_weights
        Weights of 1 of a neuron; about as many as inputs are active at a time.
    neurons
        Of each class.
    initial_plasticity, min_plasticity, plasticity_decay
        Share of the weights that may move when a neuron learns first, least, and by what share it
        falls each time.
    learning_competition
        By what share more the weights count of neurons that have learned, in the choice of the one
        that learns: with more, fewer neurons of a class are used.
    seed
        Of the weights before learning, and of which weights move.

    Raises
    ------
    ValidationError
        If a number cannot be meant.
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        num_weights: int,
        *,
        neurons: int = 1,
        initial_plasticity: float = 1.0,
        min_plasticity: float = 0.1,
        plasticity_decay: float = 0.25,
        learning_competition: float = 0.0,
        seed: int = 1,
    ) -> None:
        for name, value in (("inputs", inputs), ("classes", classes), ("neurons", neurons)):
            if value < 1:
                raise ValidationError(f"EdgeLayer, {name}", f"got {value}", "1 or more")
        if not 1 <= num_weights <= inputs:
            raise ValidationError("EdgeLayer, num_weights", f"got {num_weights}",
                                  f"1 to {inputs}, the inputs")  # fmt: skip
        shares = {
            "initial_plasticity": initial_plasticity, "min_plasticity": min_plasticity,
            "plasticity_decay": plasticity_decay, "learning_competition": learning_competition,
        }  # fmt: skip
        for name, share in shares.items():
            if not 0.0 <= share <= 1.0:
                raise ValidationError(f"EdgeLayer, {name}", f"got {share}", "0 to 1")
        self.inputs, self.classes, self.neurons = inputs, classes, neurons
        self.num_weights, self.seed = num_weights, seed
        self.least, self.decay = min(min_plasticity, initial_plasticity), plasticity_decay
        self.competition = learning_competition
        count = classes * neurons
        #: Weights, bool[neurons of all classes, inputs]; those of class c from c*neurons on.
        self.weights = np.zeros((count, inputs), np.bool_)
        for k in range(count):
            lots = self._lots("initial weights", k)
            self.weights[k, np.argsort(lots, kind="stable")[:num_weights]] = True
        #: How many examples each neuron has learned.
        self.learned = np.zeros(count, np.int64)
        self.plasticity = np.full(count, float(initial_plasticity))
        #: Weights that learning has moved.
        self.updates = 0

    def _lots(self, purpose: str, neuron: int, time: int = 0) -> np.ndarray:
        key = stream_key(self.seed, f"edge layer, neuron {neuron}, {time}", purpose)
        return np.asarray(uniform(key, np.arange(self.inputs, dtype=np.uint64)))

    def _active(self, inputs: np.ndarray) -> np.ndarray:
        given = np.asarray(inputs)
        if given.shape[-1:] != (self.inputs,) or given.ndim > 2:
            raise ValidationError("EdgeLayer, inputs", f"of shape {given.shape}",
                                  f"(samples, {self.inputs})")  # fmt: skip
        return np.atleast_2d(given) > 0

    def potentials(self, inputs: np.ndarray) -> np.ndarray:
        """How many weights of each neuron are on active inputs, int64 (samples, neurons)."""
        return self._active(inputs).astype(np.int64) @ self.weights.T.astype(np.int64)

    def learn(self, inputs: np.ndarray, labels: Sequence[int] | np.ndarray) -> None:
        """Learn examples in their order.

        Parameters
        ----------
        inputs
            (samples, inputs); what is above 0 is active.
        labels
            Class of each, from 0 on.
        """
        active, named = self._active(inputs), np.atleast_1d(np.asarray(labels))
        if len(named) != len(active) or named.min(initial=0) < 0:
            raise ValidationError("EdgeLayer.learn", f"{len(named)} labels of {len(active)}",
                                  "a class from 0 on for each")  # fmt: skip
        if named.max(initial=0) >= self.classes:
            raise ValidationError("EdgeLayer.learn", f"class {named.max()}",
                                  f"0 to {self.classes - 1}", "give the layer more")  # fmt: skip
        for example, label in zip(active, named, strict=True):
            self._learn(example, int(label))

    def _learn(self, active: np.ndarray, label: int) -> None:
        mine = np.arange(label * self.neurons, (label + 1) * self.neurons)
        similar = (self.weights[mine] & active).sum(1).astype(float)
        similar *= np.where(self.learned[mine] > 0, 1.0 + self.competition, 1.0)
        k = int(mine[similar.argmax()])
        gain = np.flatnonzero(active & ~self.weights[k])
        lose = np.flatnonzero(~active & self.weights[k])
        count = int(np.ceil(self.plasticity[k] * min(len(gain), len(lose)) - 1e-9))
        lots = self._lots("moves", k, int(self.learned[k]))
        for places, value in ((gain, True), (lose, False)):
            chosen = places[np.argsort(lots[places], kind="stable")[:count]]
            self.weights[k, chosen] = value
        self.updates += count
        self.learned[k] += 1
        self.plasticity[k] = max(self.least, self.plasticity[k] * (1.0 - self.decay))

    def classify(self, inputs: np.ndarray) -> np.ndarray:
        """The class of the neuron with the greatest potential, int64 (samples,).

        Neurons that have learned nothing do not answer; of equals the first does.
        """
        found = np.where(self.learned > 0, self.potentials(inputs), -1)
        return np.asarray(found.argmax(1) // self.neurons, np.int64)

    def attached(self, network: Network, population: str, name: str = "edge") -> Network:
        """The network with this layer on top of a population of it, read as potentials.

        Parameters
        ----------
        network
            A description; it is copied. Populations that only `population` leads to stay.
        population
            What the layer's inputs are, neuron by neuron.
        name
            Of the layer.
        """
        size = network[population].size
        if size != self.inputs:
            raise ValidationError(f"EdgeLayer, population {population!r}",
                                  f"has {size} neurons", f"{self.inputs}")  # fmt: skip
        made = network_of(*plain_with_arrays(network))
        layer = made.add(Population(name, len(self.weights), LeakyIntegrator(beta=0.0)))
        made.connect(
            made[population], layer, Dense(self.weights.T.astype(float)),
            Delta(weight=1.0, delay=0.0),
        )  # fmt: skip
        made.record(layer, "v")
        return made
