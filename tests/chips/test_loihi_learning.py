"""Loihi's learning engine: rules as text, and what they do, against plain integers."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.learning.engine import Learner, Widths
from spikestack.errors import EquationError, SpikestackError, UnknownNameError, ValidationError

Rule = sp.chips.LoihiRule
WIDTHS = Widths(9, 1)


def learner(rule: sp.chips.LoihiRule, weights: np.ndarray, seed: int = 1) -> Learner:
    """One target, as many sources as weights."""
    n = len(weights)
    return Learner(rule, "a", seed, np.arange(n), np.zeros(n, int), (n, 1), weights, WIDTHS)


NOBODY = np.zeros(0, int)


# ------------------------------------------------------------------------------- texts


def test_a_rule_is_read_as_it_stands() -> None:
    rule = Rule(dw="2^-2*x1*y0 - 2^-2*y1*x0*w + 3*2^-4*u3*(w - 5)", x1=(16, 10), y1=(20.5, 8))
    assert [(p.mantissa, p.exponent, p.factors) for p in rule.dw] == [
        (1, -2, (("x1", 0), ("y0", 0))),
        (-1, -2, (("y1", 0), ("x0", 0), ("w", 0))),
        (3, -4, (("u3", 0), ("w", -5))),
    ]
    assert "2^-2*x1*y0" in repr(rule)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("x1*y1", EquationError, "none of x0, y0"),
        ("(x0 + 1)*x1", EquationError, "none of x0, y0"),
        ("2^-9*x0", EquationError, "multiplies by"),
        ("2^8*8*x0", EquationError, "multiplies by"),
        ("11*x0", EquationError, "multiplies by"),
        ("0.3*x0", EquationError, "multiplies by"),
        ("x0*(w + 128)", EquationError, "8 bits"),
        ("x0*(w + t)", EquationError, "neither a name"),
        ("x0*exp(w)", EquationError, "neither a name"),
        ("x0*q", UnknownNameError, "unknown name"),
        ("x0*__import__('os')", SpikestackError, "unknown|plain"),
        ("x2*y0", ValidationError, "x2: is used and not given"),
        ("r1*x0", ValidationError, "reward"),
        ("", EquationError, "changes nothing"),
    ],
)
def test_what_the_engine_cannot_do_is_refused(text: str, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        Rule(dw=text, x1=(1, 1), y1=(1, 1))


@pytest.mark.parametrize("epoch", [0, 64, 1.5])
def test_epochs_have_1_to_63_steps(epoch: int) -> None:
    assert Rule(dw="x0", learning_epoch=63).learning_epoch == 63
    with pytest.raises(ValidationError, match="1 to 63"):
        Rule(dw="x0", learning_epoch=epoch)


@pytest.mark.parametrize(
    "given", [{"x1": (128, 1)}, {"x1": (1 / 512, 1)}, {"x1": (1, 0)}, {"x1": 3}, {"z1": (1, 1)}]
)
def test_traces_are_checked(given: dict) -> None:
    with pytest.raises(SpikestackError, match=r"x1|z1"):
        Rule(dw="x0", **given)


# ------------------------------------------------------------------------------- numbers


def test_traces_have_the_distribution_of_stochastic_rounding() -> None:
    """R13: means and variances of a trace, by the plain recursion with other random numbers."""
    n, rule = 4000, Rule(dw="x1*y0", x1=(20.25, 10))
    ours = learner(rule, np.zeros(n, int))
    everyone, rng, plain = np.arange(n), np.random.default_rng(0), np.zeros(n)
    keep = np.exp(-0.1)
    for step in range(1, 61):
        fires = step % 12 == 1
        ours.step(step, everyone if fires else NOBODY, NOBODY)
        plain = np.floor(plain * keep + rng.random(n))
        plain = np.minimum(plain + (np.floor(20.25 + rng.random(n)) if fires else 0), 127)
        found = ours.traces["x1"]
        assert found.mean() == pytest.approx(plain.mean(), abs=6 * max(plain.std(), 0.5) / n**0.5)
        assert found.var() == pytest.approx(plain.var(), rel=0.2, abs=0.05)
    assert len(np.unique(found)) > 5


def test_sums_of_products_are_exact_before_rounding() -> None:
    """Each weight goes up or down to a neighbour of the exact sum, on average to the sum itself."""
    rng = np.random.default_rng(1)
    weights = rng.integers(-200, 200, 3000)
    rule = Rule(dw="2^-3*x1*y0 - 2^-6*x0*w + 3*2^-5*u1", x1=(40, 1e9))
    ours = learner(rule, weights)
    ours.step(1, np.arange(0, 3000, 2), np.array([0]))
    x1, x0 = ours.traces["x1"].copy(), (np.arange(3000) % 2 == 0)
    exact = weights + x1 / 8 - np.where(x0, weights / 64, 0)
    ours.learn()
    assert (np.abs(ours.weights - exact) < 1).all()
    assert (ours.weights - exact).mean() == pytest.approx(0, abs=0.03)
    before = ours.weights.copy()
    ours.step(2, NOBODY, NOBODY)
    ours.learn()
    moved = ours.weights - before
    assert set(np.unique(moved)) == {0, 1}
    assert moved.mean() == pytest.approx(3 / 32, abs=0.02)


def test_weights_and_tags_saturate() -> None:
    ours = learner(Rule(dw="2^6*x0", dt="-2^6*x0"), np.array([250, -256]))
    for step in range(1, 20):
        ours.step(step, np.array([0, 1]), NOBODY)
        ours.learn()
    assert ours.weights.tolist() == [255, 255]
    assert ours.tags.tolist() == [-256, -256]
    assert WIDTHS.delivered(np.array([255, -255, 3, -3])).tolist() == [254, -254, 2, -2]


def test_only_synapses_with_something_to_do_are_visited() -> None:
    ours = learner(Rule(dw="x0*w + u2*w"), np.full(10, 8))
    visits = []
    for step in range(1, 9):
        ours.step(step, np.arange(3) if step < 3 else NOBODY, NOBODY)
        visits.append(ours.learn())
    assert visits == [3, 3, 0, 10, 0, 0, 0, 10]


# ------------------------------------------------------------------------------- networks


def network(rate: float = 100.0, seed: int = 1) -> sp.Network:
    net = sp.Network(seed=seed)
    inputs = net.add(sp.Population("inputs", 30, sp.SpikeSource()))
    net.drive(inputs, sp.Poisson(rate=rate, weight=1.0))
    model = sp.NeuronModel("v[t+1] = 0.9*v : 1", threshold="v >= 1", reset="v = 0",
                           dimensionless=True, default_synapse="Delta")  # fmt: skip
    cells = net.add(sp.Population("cells", 10, model))
    net.connect(inputs, cells, sp.AllToAll(), sp.Delta(weight=0.2, delay=1.0))
    net.record(cells, "spikes")
    return net


RULE = Rule(dw="2^-4*x1*y0 - 2^-3*y1*x0", dt="x0*y0", x1=(16, 10), y1=(20, 8), learning_epoch=3,
            w_max=0.4)  # fmt: skip


@pytest.mark.parametrize("chip", [sp.chips.Loihi, sp.chips.Loihi2])
def test_a_network_learns_while_it_runs(chip: type) -> None:
    """Every weight is what the learning engine makes of the spikes that were recorded."""
    net = network()
    net.record(net["inputs"], "spikes")
    run = net.run(200, on=chip(learning={"inputs->cells": RULE}), dt=1.0)
    made = run.synapses["inputs->cells"]
    start = np.full(300, round(0.2 / made.unit))
    widths = WIDTHS if chip is sp.chips.Loihi else Widths(8, 0)
    plain = Learner(RULE, "inputs->cells", 1, made.pre, made.post, (30, 10), start, widths)
    visits = 0
    for step in range(1, 201):
        now = [run[n].ids[np.rint(run[n].times) == step] for n in ("inputs", "cells")]
        plain.step(step, *now)
        visits += plain.learn() if step % 3 == 0 else 0
    assert np.array_equal(plain.weights, made.weights)
    assert np.array_equal(plain.tags, made.tags)
    assert np.ptp(made.weights) > 20 and made.tags.max() > 10
    assert run.ledger.total("learning updates") == visits > 5000
    assert run.bill("published").dynamic["learning updates"] > 0
    without = net.run(200, on=chip(), dt=1.0)
    assert not without.same_spikes(run)


def test_learning_does_not_depend_on_how_a_run_is_cut() -> None:
    from spikestack.chips.learning.running import LearningSimulation

    chip = sp.chips.Loihi2(learning={"inputs->cells": RULE})
    mapped = chip.map(network())
    whole = chip.execute(mapped, 50).synapses["inputs->cells"]
    pieces = LearningSimulation(mapped, chip.learning, Widths(8, 0))
    for steps in (1, 7, 30, 12):
        pieces.forward(steps)
    assert np.array_equal(pieces.result().synapses["inputs->cells"].weights, whole.weights)
    slow = LearningSimulation(mapped, chip.learning, Widths(8, 0), on="reference")
    slow.forward(50)
    assert np.array_equal(slow.result().synapses["inputs->cells"].weights, whole.weights)


def test_reward_gates_what_is_learned() -> None:
    rule = Rule(dw="2^-2*r1*x1*y0", x1=(16, 10), w_max=0.4,
                reward=sp.Signal([0.0, 50.0, 100.0], [0, 1, 0]))  # fmt: skip
    net = network()
    start = net.run(50, on=sp.chips.Loihi2(learning={"inputs->cells": rule})).synapses
    end = net.run(99, on=sp.chips.Loihi2(learning={"inputs->cells": rule})).synapses
    later = net.run(200, on=sp.chips.Loihi2(learning={"inputs->cells": rule})).synapses
    first, second, third = (s["inputs->cells"].weights for s in (start, end, later))
    assert np.ptp(first) == 0 < np.ptp(second)
    assert np.array_equal(second, third)


def test_rules_must_fit_the_network() -> None:
    with pytest.raises(UnknownNameError, match="learning"):
        sp.chips.Loihi(learning={"nobody": RULE}).quantise(network())
    with pytest.raises(ValidationError, match="LoihiRule"):
        sp.chips.Loihi(learning={"inputs->cells": "x0"})
    narrow = Rule(dw="x0", w_max=0.1)
    with pytest.raises(ValidationError, match=r"begins at 0\.2"):
        sp.chips.Loihi2(learning={"inputs->cells": narrow}).quantise(network())
