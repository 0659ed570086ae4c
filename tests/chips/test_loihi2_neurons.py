"""Programs of Loihi 2 against their integers, written out plainly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.neurons.loihi import LoihiAxon, NoisyLoihiCompartment
from spikestack.chips.neurons.loihi2 import (
    DeltaProgram,
    GradedReLUProgram,
    GradedVector,
    LIFProgram,
    ResonatorProgram,
    SigmaDeltaProgram,
    SigmaProgram,
    TernaryLIF,
)

STEPS, SOURCES, CELLS = 120, 12, 6

Oracle = Callable[[np.ndarray], np.ndarray]


def trunc(value: int, share: int) -> int:
    """Value times share by 4,096, towards 0, in whole numbers."""
    made = abs(value) * share >> 12
    return made if value >= 0 else -made


def graded(theta: int, rectify: bool) -> Oracle:
    def step(a: np.ndarray) -> np.ndarray:
        return np.where((a if rectify else np.abs(a)) > theta, a, 0)

    return step


class Sigma:
    def __init__(self) -> None:
        self.sum = np.zeros(CELLS, int)

    def __call__(self, a: np.ndarray) -> np.ndarray:
        self.sum = self.sum + a
        return self.sum


class Delta:
    """Of Lava: an encoder where `sums` is False, else the second half of a sigma-delta unit."""

    def __init__(self, theta: int, cumulative: bool, up: int = 0, down: int = 0, bias: int = 0,
                 sums: bool = False) -> None:  # fmt: skip
        self.theta, self.cumulative, self.up, self.down = theta, cumulative, up, down
        self.bias, self.sums = bias, sums
        self.sigma, self.before, self.residue, self.wrong = (np.zeros(CELLS, int) for _ in range(4))

    def __call__(self, a: np.ndarray) -> np.ndarray:
        act = a << self.up
        if self.sums:
            self.sigma = self.sigma + act
            act = np.maximum(self.sigma + self.bias, 0)
        delta = act - self.before + self.residue
        self.before = act
        if self.cumulative:
            self.wrong = self.wrong + delta
            out = np.where(np.abs(self.wrong) >= self.theta, delta, 0)
            self.wrong = np.where(out != 0, 0, self.wrong)
        else:
            out = np.where(np.abs(delta) >= self.theta, delta, 0)
        self.residue = delta - out
        return out >> self.down


class Ternary:
    def __init__(self, du: int, dv: int, high: int, low: int) -> None:
        self.du, self.dv, self.high, self.low = du, dv, high, low
        self.u, self.v = [0] * CELLS, [0] * CELLS

    def __call__(self, a: np.ndarray) -> np.ndarray:
        out = np.zeros(CELLS, int)
        for i in range(CELLS):
            self.u[i] = trunc(self.u[i], 4095 - self.du) + int(a[i])
            self.v[i] = trunc(self.v[i], 4096 - self.dv) + self.u[i]
            out[i] = (self.v[i] > self.high) - (self.v[i] < self.low)
            self.v[i] = 0 if out[i] else self.v[i]
        return out


class SoftLIF(Ternary):
    def __call__(self, a: np.ndarray) -> np.ndarray:
        out = np.zeros(CELLS, int)
        for i in range(CELLS):
            self.u[i] = trunc(self.u[i], 4095 - self.du) + int(a[i])
            self.v[i] = trunc(self.v[i], 4096 - self.dv) + self.u[i]
            out[i] = self.v[i] > self.high
            self.v[i] -= -self.low if out[i] else 0
        return out


class Resonator:
    def __init__(self, cosine: int, sine: int, theta: int) -> None:
        self.c, self.s, self.theta = cosine, sine, theta
        self.z = [[0, 0] for _ in range(CELLS)]

    def __call__(self, a: np.ndarray) -> np.ndarray:
        out = np.zeros(CELLS, int)
        for i, (x, y) in enumerate(self.z):
            real, imaginary = self.c * x - self.s * y, self.s * x + self.c * y
            new = [abs(n) >> 12 if n >= 0 else -(abs(n) >> 12) for n in (real, imaginary)]
            new[0] += int(a[i])
            out[i] = new[1] >= self.theta > y and new[0] >= 0
            self.z[i] = new
        return out


CASES = {
    "vector": (GradedVector(theta=40.0), graded(40, False)),
    "relu": (GradedReLUProgram(theta=40.0), graded(40, True)),
    "sigma": (SigmaProgram(), Sigma()),
    "delta": (DeltaProgram(theta=60.0), Delta(60, False)),
    "delta, cumulative": (DeltaProgram(theta=60.0, cumulative=1.0), Delta(60, True)),
    "delta, shifted": (DeltaProgram(theta=500.0, gain=16.0, scale=4.0), Delta(500, False, 4, 2)),
    "sigma-delta": (SigmaDeltaProgram(theta=50.0, bias=30.0), Delta(50, False, 0, 0, 30, True)),
    "sigma-delta, shifted": (
        SigmaDeltaProgram(theta=50.0, bias=-30.0, gain=8.0, scale=8.0, cumulative=1.0),
        Delta(50, True, 3, 3, -30, True),
    ),
    "ternary": (TernaryLIF(decay_u=2000.0, decay_v=300.0, theta=150.0, lower=-120.0),
                Ternary(2000, 300, 150, -120)),
    "soft reset": (LIFProgram(decay_u=4095, decay_v=300, theta=99, subtracts=1, taken=100),
                   SoftLIF(4095, 300, 99, -100)),
    "resonator": (ResonatorProgram(cosine=3500.0, sine=1500.0, theta=120.0),
                  Resonator(3500, 1500, 120)),
}  # fmt: skip


def driven(model: sp.NeuronModel, spikes: np.ndarray, weights: np.ndarray) -> sp.Recording:
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", SOURCES, sp.SpikeSource()))
    cells = net.add(sp.Population("cells", CELLS, model))
    at, ids = np.nonzero(spikes)
    net.drive(source, sp.SpikeTrains(times=at + 1.0, ids=ids))
    net.connect(source, cells, sp.Dense(weights.astype(float)), LoihiAxon(weight=1.0, delay=0.0))
    net.record(cells, "spikes")
    return net.run(float(len(spikes)), dt=1.0, precision="float64", on="reference")


@pytest.mark.parametrize("name", CASES)
def test_programs_are_their_integers(name: str) -> None:
    model, oracle = CASES[name]
    rng = np.random.default_rng(len(name))
    spikes = (rng.random((STEPS, SOURCES)) < 0.2).astype(int)
    weights = rng.integers(-60, 90, (SOURCES, CELLS))
    record = driven(model, spikes, weights)["cells"]
    found = np.zeros((STEPS, CELLS), int)
    values = np.ones(len(record.times)) if record.values is None else record.values
    found[np.rint(record.times).astype(int) - 1, record.ids] = values
    expected = np.array([oracle(row @ weights) for row in spikes])
    assert np.count_nonzero(expected) > 20
    assert np.array_equal(found, expected)


def test_payloads_of_24_bits_arrive_whole() -> None:
    net = sp.Network(seed=1)
    one = net.add(sp.Population("one", 1, sp.SpikeSource()))
    net.drive(one, sp.SpikeTrains(times=[1.0], ids=[0]))
    first, second = (net.add(sp.Population(n, 1, GradedVector())) for n in ("first", "second"))
    net.connect(one, first, sp.OneToOne(), LoihiAxon(weight=2.0**23 - 1, delay=0.0))
    net.connect(first, second, sp.OneToOne(), LoihiAxon(weight=1.0, delay=1.0))
    net.record(second, "spikes")
    found = net.run(3.0, dt=1.0, precision="float64", on="reference")["second"]
    assert found.values.tolist() == [8388607]


def test_noise_is_uniform_and_shifted() -> None:
    """(r + 64 offset) 2^(exponent - 7), r from -127 to 127: here added to v alone."""
    net = sp.Network(seed=3)
    model = NoisyLoihiCompartment(
        decay_v=4096.0, theta=131071.0 * 64, noise_gain=4.0, noise_offset=1.0, noise_on_v=1.0
    )
    cells = net.add(sp.Population("cells", 2000, model))
    net.record(cells, "v")
    v = net.run(10.0, dt=1.0, precision="float64", on="reference")["cells", "v"].values.ravel()
    r = v / 4.0 - 64.0
    assert np.array_equal(r, np.rint(r))
    assert (r.min(), r.max()) == (-127, 127)
    assert abs(r.mean()) < 4 * 73.6 / np.sqrt(len(r))
    assert r.std() == pytest.approx(np.sqrt((255**2 - 1) / 12), rel=0.02)
