"""Delays that learn on Loihi: by hand, in whole networks, at the ends of their range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.chips.learning.engine import LONGEST_DELAY, Learner, Widths
from spikestack.chips.learning.running import LearningSimulation
from spikestack.errors import ValidationError

Rule = sp.chips.LoihiRule
CHIPS = [sp.chips.Loihi, sp.chips.Loihi2]
NEVER = sp.Signal([0.0], [0])


def pair(sent: list[int], delay: float = 1.0) -> sp.Network:
    """One source, and one target that fires whenever a spike of it arrives."""
    net = sp.Network(seed=1)
    source = net.add(sp.Population("source", 1, sp.SpikeSource()))
    net.drive(source, sp.SpikeTrains(times=np.array(sent, float), ids=np.zeros(len(sent), int)))
    model = sp.NeuronModel("v[t+1] = 0.5*v : 1", threshold="v >= 1", reset="v = 0",
                           dimensionless=True, default_synapse="Delta")  # fmt: skip
    target = net.add(sp.Population("target", 1, model))
    net.connect(source, target, sp.OneToOne(), sp.Delta(weight=1.5, delay=delay), name="learned")
    net.record(target, "spikes")
    return net


def layer(delay: float = 5.0) -> sp.Network:
    net = sp.Network(seed=1)
    inputs = net.add(sp.Population("inputs", 20, sp.SpikeSource()))
    net.drive(inputs, sp.Poisson(rate=100.0, weight=1.0))
    model = sp.NeuronModel("v[t+1] = 0.9*v : 1", threshold="v >= 1", reset="v = 0",
                           dimensionless=True, default_synapse="Delta")  # fmt: skip
    cells = net.add(sp.Population("cells", 10, model))
    net.connect(inputs, cells, sp.AllToAll(), sp.Delta(weight=0.25, delay=delay), name="learned")
    for population in (inputs, cells):
        net.record(population, "spikes")
    net.record(cells, "v")
    return net


@pytest.mark.parametrize("chip", CHIPS)
def test_a_delay_grows_as_calculated_by_hand(chip: Any) -> None:
    """Three more at the end of each epoch of four steps in which the source fired.

    ======  =======  ==========  =========================
    epoch   sent in  with delay  field at its end
    ======  =======  ==========  =========================
    1 - 4   2        0 + 1       3
    5 - 8   6        3 + 1       6
    9 - 12  9, 11    6 + 1       9, not 12: it is one epoch
    17-20   20       9 + 1       12
    ======  =======  ==========  =========================
    """
    rule = Rule(dd="3*x0", learning_epoch=4)
    run = pair([2, 6, 9, 11, 20]).run(40, on=chip(learning={"learned": rule}))
    assert run["target"].steps.tolist() == [3, 10, 16, 18, 30]
    made = run.synapses["learned"]
    assert made.delays.tolist() == [12] and made.delays.dtype == np.int64
    assert run.ledger.total("learning updates") == 4


@pytest.mark.parametrize("chip", CHIPS)
def test_a_spike_keeps_the_delay_that_it_was_sent_with(chip: Any) -> None:
    """Of 11 steps; then, when 8 are taken off, the later spike is the first to arrive."""
    rule = Rule(dd="-2^3*u3", learning_epoch=1)
    run = pair([5, 9], delay=11.0).run(30, on=chip(learning={"learned": rule}))
    assert run["target"].steps.tolist() == [9 + 3, 5 + 11]


@pytest.mark.parametrize(("text", "fields"), [
    ("7*2^2*u0", [28, 56, 62, 62]), ("-2^2*u0", [0, 0, 0, 0]), ("x0*d + u0", [1, 3, 7, 15]),
    ("u0*(d - 4)", [0, 0, 0, 0]), ("u1*(t + 5)", [0, 5, 5, 10]),
])  # fmt: skip
def test_fields_have_six_bits_of_which_62_is_the_greatest(text: str, fields: list[int]) -> None:
    ours = Learner(Rule(dd=text), "a", 1, np.zeros(1, int), np.zeros(1, int), (1, 1),
                   np.array([8]), Widths(9, 1), np.array([0]))  # fmt: skip
    found = []
    for step in range(1, 5):
        ours.step(step, np.array([0]), np.array([], int))
        ours.learn()
        found.append(int(ours.delays[0]))
    assert found == fields and LONGEST_DELAY == 62
    assert ours.weights.tolist() == [8] and ours.tags.tolist() == [0]


def test_parts_of_a_step_are_rounded_at_random() -> None:
    n = 4000
    ours = Learner(Rule(dd="3*2^-5*u0"), "a", 1, np.arange(n), np.zeros(n, int), (n, 1),
                   np.zeros(n), Widths(9, 1), np.full(n, 20))  # fmt: skip
    ours.learn()
    assert set(np.unique(ours.delays)) == {20, 21}
    # Binomial, of which this is four standard deviations.
    assert (ours.delays - 20).mean() == pytest.approx(3 / 32, abs=4 * (3 / 32 * 29 / 32 / n) ** 0.5)


def test_a_weight_may_depend_on_its_delay() -> None:
    ours = Learner(Rule(dw="u0*d"), "a", 1, np.arange(3), np.zeros(3, int), (3, 1),
                   np.array([10, 20, 30]), Widths(9, 1), np.array([0, 7, 62]))  # fmt: skip
    ours.learn()
    assert ours.weights.tolist() == [10, 27, 92]


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("delay", [1.0, 6.0])
def test_delays_that_do_not_change_are_those_of_the_network(chip: Any, delay: float) -> None:
    still = {"learned": Rule(dd="x0*r0", learning_epoch=3, reward=NEVER)}
    other = {"learned": Rule(dt="x0*r0", learning_epoch=3, reward=NEVER)}
    net = layer(delay)
    moving, fixed = (net.run(150, on=chip(learning=rules)) for rules in (still, other))
    assert moving.same_spikes(fixed) and len(moving["cells"].ids) > 100
    assert np.array_equal(moving["cells", "v"].values, fixed["cells", "v"].values)
    assert set(moving.synapses["learned"].delays) == {delay - 1}
    for name in ("driven updates", "messages", "host words in", "learning updates"):
        assert moving.ledger.total(name) == fixed.ledger.total(name), name


RULE = Rule(dd="2^-3*x1*y0 - 2^-3*y1*x0", dw="2^-4*x1*y0", x1=(16, 10), y1=(16, 10),
            learning_epoch=3, w_max=0.5)  # fmt: skip


def test_spikes_follow_from_what_was_learned() -> None:
    """Delays, weights and spikes of a run, from the spikes of the source alone, in plain Python."""
    run = layer().run(120, on=sp.chips.Loihi(learning={"learned": RULE}))
    made, q = run.synapses["learned"], run.mapped.quantised
    theta = q.network.populations["cells"].model.values["theta"]
    decay = q.network.populations["cells"].model.values["decay_v"]
    unit = made.unit * float(np.max(q.scales["cells"]))
    start = np.full(200, round(0.25 / made.unit)), Widths(9, 1), np.full(200, 4)
    plain = Learner(RULE, "learned", 1, made.pre, made.post, (20, 10), *start)
    coming: dict[int, list[int]] = {}
    v = np.zeros(10)
    for step in range(1, 121):
        kept = v * (4096 - decay)
        v = np.sign(kept) * (np.abs(kept) // 4096)
        for s in coming.pop(step, []):
            v[made.post[s]] += np.trunc(plain.weights[s] / 2) * 2 * unit
        fired = np.flatnonzero(v > theta)
        v[fired] = 0
        assert fired.tolist() == sorted(run["cells"].ids[run["cells"].steps == step]), step
        sent = run["inputs"].ids[run["inputs"].steps == step]
        for s in np.flatnonzero(np.isin(made.pre, sent)):
            coming.setdefault(step + 1 + int(plain.delays[s]), []).append(int(s))
        plain.step(step, sent, fired)
        if step % 3 == 0:
            plain.learn()
    assert np.array_equal(plain.delays, made.delays) and np.ptp(made.delays) > 5
    assert np.array_equal(plain.weights, made.weights)
    assert run.mapped.quantised.formats["learned"] == "sparse"


def test_delays_do_not_depend_on_how_a_run_is_cut() -> None:
    chip = sp.chips.Loihi2(learning={"learned": RULE})
    mapped = chip.map(layer())
    whole = chip.execute(mapped, 50)
    pieces = LearningSimulation(mapped, chip.learning, Widths(8, 0))
    for steps in (1, 7, 30, 12):
        pieces.forward(steps)
    slow = LearningSimulation(mapped, chip.learning, Widths(8, 0), on="reference")
    slow.forward(50)
    for other in (pieces.result(), slow.result()):
        assert other.same_spikes(whole)
        found = other.synapses["learned"].delays
        assert np.array_equal(found, whole.synapses["learned"].delays)
    pieces.again()
    pieces.forward(50)
    assert pieces.result().same_spikes(whole)


def test_delays_that_learn_begin_within_their_field() -> None:
    with pytest.raises(ValidationError, match="64 steps"):
        sp.chips.Loihi(learning={"learned": Rule(dd="x0")}).quantise(pair([2], delay=64.0))
    assert sp.chips.Loihi().quantise(pair([2], delay=64.0)).late["target"] == 0
