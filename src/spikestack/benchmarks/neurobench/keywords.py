"""Spoken digits learned from a few examples each, after others were learned by gradient.

NeuroBench's keyword few-shot class-incremental learning in small: a network is trained on some
digits; then, session by session, further digits come with five examples each, and all that came so
far must be told apart, without going back to earlier sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...metrics import Measurement, accuracy, measure
from ...network import Network
from ...network.external import ExternalSpikes
from ...network.population import Population
from ...network.rules import Dense
from ...neurons.discrete_lif import DiscreteLIF, LeakyIntegrator
from ...neurons.relay import Relay
from ...sensors import datasets
from ...sensors.datasets.speech_levels import BANDS, STEPS, Levels, without_mean
from ...synapses.delta import Delta

__all__ = ["Session", "Sessions", "few_shot_digits"]

#: Digits trained by gradient, then in each session; sessions; examples of each of the latter.
_BASE, _WAYS, _SESSIONS, _SHOTS = 6, 2, 2, 5
#: Steps by which bands reach hidden neurons late; hidden neurons.
_DELAYS, _HIDDEN = (0, 3, 6, 9, 12, 15, 18), 128
#: What is added to each variance of the counts, as a share of their mean.
_SHRINK = 1.0
#: ms of sound of a step.
_STEP = 12.5

Labelled = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Session:
    """After one session.

    Attributes
    ----------
    classes
        Digits so far, those of this session last.
    accuracy, new
        Of test samples of all of them, and of those that this session brought.
    """

    classes: tuple[int, ...]
    accuracy: float
    new: float


@dataclass(frozen=True)
class Sessions:
    """The whole course.

    Attributes
    ----------
    seed
        Of weights, of the choice of digits and of examples.
    sessions
        The first is that of the base classes.
    network
        The description after the last session.
    measured
        Its metrics on the test samples of all ten digits.
    """

    seed: int
    sessions: tuple[Session, ...]
    network: Network
    measured: Measurement

    @property
    def base(self) -> float:
        """Accuracy of the base classes before anything else is learned."""
        return self.sessions[0].accuracy

    @property
    def average(self) -> float:
        """Accuracy, averaged over sessions."""
        return float(np.mean([session.accuracy for session in self.sessions]))


def few_shot_digits(
    seed: int = 0, *, folder: Any = None, hidden: int = _HIDDEN, epochs: int = 8
) -> Sessions:
    """Train on six spoken digits, then learn two and two more from five examples each.

    Forty mel bands reach leaky hidden neurons seven times, 0 to 18 steps of 12.5 ms late. These
    weights are trained on the base digits by gradient, and stay. The readout after that is none of
    gradient: of each class it holds the mean count of spikes of the hidden neurons, and compares by
    the covariance that counts have within the base classes (linear discriminant analysis), which a
    mean of five examples is enough for. It is weights and a start of potential, so that all of it
    is a network again, which is what is run, by the compiled engine.

    Parameters
    ----------
    seed
        Of weights, of which digits are base, and of examples.
    folder
        Of the recordings; see `sensors.datasets`.
    hidden, epochs
        Hidden neurons; times through the training samples.

    Raises
    ------
    ValidationError
        If the recordings are not here, or a number is out of range.
    MissingExtraError
        Without PyTorch.
    """
    if hidden < 1 or epochs < 1 or seed < 0:
        raise ValidationError("few_shot_digits", f"seed {seed}, {hidden} neurons, {epochs} epochs",
                              "0 or more, and 1 or more")  # fmt: skip
    train, test = _read("train", folder), _read("test", folder)
    rng = np.random.default_rng(seed)
    order = rng.permutation(10)
    base = np.sort(order[:_BASE])
    some = np.isin(train[1], base)
    module = _trained((train[0][some], np.searchsorted(base, train[1][some])), seed, hidden, epochs)
    counts = _counts(module, train[0][some])
    means = {int(k): counts[train[1][some] == k].mean(0) for k in base}
    inverse = _inverse([counts[train[1][some] == k] for k in base])
    sessions, found = [], None
    for number in range(_SESSIONS + 1):
        fresh = tuple(means) if number == 0 else tuple(
            int(k) for k in order[_BASE + _WAYS * (number - 1) : _BASE + _WAYS * number]
        )  # fmt: skip
        for k in fresh if number else ():
            shots = rng.permutation(np.flatnonzero(train[1] == k))[:_SHOTS]
            means[k] = _counts(module, train[0][shots]).mean(0)
        network = _network(seed, hidden, _weights(module), means, inverse)
        new, found = _scored(network, test, tuple(means), fresh)
        sessions.append(Session(tuple(means), found["accuracy"], new))
    assert found is not None
    return Sessions(seed, tuple(sessions), network, found)


def _read(part: str, folder: Any) -> Labelled:
    samples = datasets.spoken_digits(part, folder).map(Levels(), without_mean)
    (batch,) = samples.batches(len(samples), bins=STEPS)
    return np.ascontiguousarray(batch.inputs.transpose(1, 0, 2)), batch.labels


def _network(
    seed: int, hidden: int, weights: list[np.ndarray], means: dict[int, np.ndarray] | None = None,
    inverse: np.ndarray | None = None,
) -> Network:  # fmt: skip
    """Bands, hidden neurons, and a readout of class means, or one that is to be trained."""
    net = Network(seed=seed)
    bands = net.add(Population("bands", BANDS, Relay()))
    cells = net.add(Population("hidden", hidden, DiscreteLIF(beta=0.9)))
    net.drive(bands, ExternalSpikes(weight=1.0), name="levels")
    for delay, matrix in zip(_DELAYS, weights):
        later = Delta(weight=1.0, delay=float(delay))
        net.connect(bands, cells, Dense(matrix), later, name=f"{delay} late")
    if means is None or inverse is None:
        model, read = LeakyIntegrator(beta=0.95), np.zeros((hidden, _BASE))
    else:
        read = inverse @ np.stack(list(means.values()), axis=1)
        start = [-0.5 * float(m @ inverse @ m) for m in means.values()]
        model = LeakyIntegrator(beta=1.0, v=np.array(start))
    digits = net.add(Population("digits", read.shape[1], model))
    net.connect(cells, digits, Dense(read), Delta(weight=1.0, delay=0.0))
    net.record(digits, "v")
    return net


def _trained(data: Labelled, seed: int, hidden: int, epochs: int) -> Any:
    """The trainable module after gradient descent on the base digits."""
    from ...training import fit, fluctuation_driven

    nothing = [np.zeros((BANDS, hidden)) for _ in _DELAYS]
    module: Any = _network(seed, hidden, nothing).compile("torch")
    few = np.ascontiguousarray(data[0][:64].transpose(1, 0, 2))
    torch: Any = __import__("torch")
    fluctuation_driven(module, 20.0, inputs=torch.from_numpy(few), xi=1.0)
    fit(
        module, data, epochs=epochs, batch=64, lr=3e-3, schedule="cosine", clip=1.0, seed=seed,
        check=False, progress=False,
    )  # fmt: skip
    return module.eval()


def _weights(module: Any) -> list[np.ndarray]:
    return [module.weights[f"{d} late"].detach().double().numpy() for d in _DELAYS]


def _counts(module: Any, inputs: np.ndarray) -> np.ndarray:
    """Spikes of each hidden neuron, (samples, neurons)."""
    torch: Any = __import__("torch")
    with torch.no_grad():
        out = module(np.ascontiguousarray(inputs.transpose(1, 0, 2)))
    return np.asarray(out.spikes["hidden"].double().sum(0))


def _inverse(counts: list[np.ndarray]) -> np.ndarray:
    """Of the covariance within classes, its scale taken away and its diagonal raised."""
    within = np.mean([np.cov(c.T) for c in counts], axis=0)
    scale = np.trace(within) / len(within)
    return np.asarray(np.linalg.inv(within / scale + _SHRINK * np.eye(len(within))))


def _scored(
    network: Network, test: Labelled, classes: tuple[int, ...], fresh: tuple[int, ...]
) -> tuple[float, Measurement]:
    """Accuracy of the new classes, and all metrics on the test samples of all classes."""
    place = {k: n for n, k in enumerate(classes)}
    mine = np.isin(test[1], classes)
    inputs, labels = test[0][mine], np.array([place[int(k)] for k in test[1][mine]])
    new = np.isin(test[1][mine], fresh)
    whole = measure(network, inputs, labels, answer="last", data_step=_STEP)
    assert whole.found is not None
    return accuracy(whole.found[new], labels[new]), whole
