"""Small networks, and samples for them, that both measures are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import spikestack as sp

Made = tuple[sp.Network, np.ndarray, np.ndarray]

STEPS, SAMPLES = 10, 9
AT_ONCE = sp.Delta(weight=1.0, delay=0.0)


def samples(size: int, share: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random spikes (samples, steps, size) and labels of five classes."""
    rng = np.random.default_rng(seed)
    spikes = (rng.random((SAMPLES, STEPS, size)) < share).astype(np.float32)
    return spikes, rng.integers(0, 5, SAMPLES)


def sixteenths(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Weights that float32 sums without rounding; some are 0."""
    return np.where(rng.random(shape) < 0.3, 0.0, rng.integers(-8, 13, shape) / 16)


def dense() -> Made:
    """20 sources, 30 and 5 leaky neurons: the case that interchange tables quote."""
    rng, net = np.random.default_rng(1), sp.Network(seed=1)
    source = net.add(sp.Population("in", 20, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 30, sp.DiscreteLIF()))
    out = net.add(sp.Population("out", 5, sp.DiscreteLIF(beta=0.8)))
    net.drive(source, sp.ExternalSpikes(), name="data")
    net.connect(source, hidden, sp.Dense(sixteenths(rng, 20, 30)), AT_ONCE)
    net.connect(hidden, out, sp.Dense(sixteenths(rng, 30, 5)), AT_ONCE)
    return net, *samples(20)


def recurrent() -> Made:
    """With a loop, random connections 3 ms late, views, and a delay for each synapse."""
    net, *data = dense()
    rng = np.random.default_rng(2)
    source, hidden, out = (net[name] for name in ("in", "hidden", "out"))
    again = sp.Delta(weight=0.5, delay=1.0)
    net.connect(hidden, hidden, sp.Dense(sixteenths(rng, 30, 30)), again)
    skip = sp.Delta(weight=0.25, delay=3.0)
    net.connect(source, out, sp.FixedProbability(0.3), skip, name="skip")
    late = sp.Delta(weight=1.0, delay=rng.integers(0, 4, 600).astype(float))
    net.connect(source, hidden, sp.Dense(sixteenths(rng, 20, 30)), late, name="late")
    few = sp.Delta(weight=0.5, delay=2.0)
    net.connect(hidden[3:9], out[1:4], sp.AllToAll(), few, name="some")
    return net, *data


def convolutional() -> Made:
    """Convolutions at borders, in groups, pooled and transposed, a pooling, and a readout."""
    rng, net = np.random.default_rng(3), sp.Network(seed=2)
    camera = net.add(sp.Population("camera", (2, 9, 9), sp.SpikeSource()))
    net.drive(camera, sp.ExternalSpikes(), name="data")
    edges = sp.Convolution(sixteenths(rng, 4, 2, 3, 3), padding=1)
    first = net.add(sp.Population("first", edges.target_shape(camera.shape), sp.DiscreteLIF()))
    net.connect(camera, first, edges, AT_ONCE)
    parts = sp.Convolution(4 * sixteenths(rng, 6, 2, 3, 3), padding=1, groups=2, pool=2)
    second = net.add(sp.Population("second", parts.target_shape(first.shape), sp.DiscreteLIF()))
    net.connect(first, second, parts, AT_ONCE)
    pool = sp.Pooling(2)
    sums = net.add(sp.Population("sums", pool.target_shape(second.shape), sp.Relay()))
    net.connect(second, sums, pool, sp.Delta(weight=0.25, delay=0.0))
    grow = sp.TransposedConvolution(sixteenths(rng, 6, 3, 3, 3), stride=2)
    third = net.add(sp.Population("third", grow.target_shape(sums.shape), sp.DiscreteLIF()))
    net.connect(sums, third, grow, AT_ONCE)
    out = net.add(sp.Population("out", 5, sp.LeakyIntegrator()))
    net.connect(third, out, sp.Dense(sixteenths(rng, third.size, 5)), AT_ONCE)
    return net, *samples(162)


def biophysical() -> Made:
    """Leaky neurons in mV with exponential currents, refractory, at several delays."""
    rng, net = np.random.default_rng(4), sp.Network(seed=3)
    source = net.add(sp.Population("in", 20, sp.SpikeSource()))
    hidden = net.add(sp.Population("hidden", 24, sp.LIF(tau_refrac=2.0)))
    out = net.add(sp.Population("out", 5, sp.LIF()))
    net.drive(source, sp.ExternalSpikes(), name="data")
    current = sp.ExponentialCurrent(weight=4.0, delay=1.0)
    net.connect(source, hidden, sp.Dense(np.abs(sixteenths(rng, 20, 24))), current)
    net.connect(hidden, out, sp.FixedInDegree(6, multapses=False), current)
    return net, *samples(20, 0.4)


def sequences() -> Made:
    """A convolution over time-free sequences, and neurons that send 1 and -1."""
    rng, net = np.random.default_rng(5), sp.Network(seed=4)
    line = net.add(sp.Population("line", (2, 12), sp.SpikeSource()))
    net.drive(line, sp.ExternalSpikes(), name="data")
    rule = sp.Convolution(sixteenths(rng, 3, 2, 4), stride=2, padding=1)
    signed = net.add(
        sp.Population("signed", rule.target_shape(line.shape), sp.SignedIntegrateAndFire())
    )
    net.connect(line, signed, rule, AT_ONCE)
    out = net.add(sp.Population("out", 5, sp.DiscreteLIF()))
    net.connect(signed, out, sp.Dense(sixteenths(rng, signed.size, 5)), AT_ONCE)
    return net, *samples(24)


def graded() -> Made:
    """Grey levels that are fed as they are: products in the first layer, sums in the second."""
    net, spikes, labels = dense()
    rng = np.random.default_rng(6)
    return net_with_levels(net), spikes * rng.integers(1, 3, spikes.shape), labels


def net_with_levels(net: sp.Network) -> sp.Network:
    """`dense` with a first population that passes values on."""
    made = sp.Network(seed=1)
    levels = made.add(sp.Population("in", 20, sp.Relay()))
    hidden, out = (made.add(net[name]) for name in ("hidden", "out"))
    made.drive(levels, sp.ExternalSpikes(), name="data")
    for pre, post, name in ((levels, hidden, "in->hidden"), (hidden, out, "hidden->out")):
        made.connect(pre, post, net.projections[name].rule, AT_ONCE)
    return made


NETWORKS: dict[str, Callable[[], Made]] = {
    made.__name__: made
    for made in (dense, recurrent, convolutional, biophysical, sequences, graded)
}
