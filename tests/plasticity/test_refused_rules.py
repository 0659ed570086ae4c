"""What cannot be meant about a rule is refused when it is said, in words that help."""

from __future__ import annotations

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import EquationError, SpikestackError, UnitError

TAU = {"tau": "20 ms"}
SOURCE = {"pre_traces": "dx/dt = -x/tau : 1", "parameters": TAU}


def rule(**given: object) -> sp.PlasticityRule:
    return sp.PlasticityRule(**SOURCE | {"on_post": "w += 0.1*w_max*x"} | given)


def connected(plasticity: object, **given: object) -> sp.Network:
    net = sp.Network()
    a, b = (
        net.add(sp.Population("a", 3, sp.SpikeSource())),
        net.add(sp.Population("b", 3, sp.LIF())),
    )
    if given.get("modulator") == "population":
        given["modulator"] = net.add(sp.Population("d", 1, sp.SpikeSource()))
    if given.get("modulator") == "part":
        given["modulator"] = a[:2]
    synapse = sp.ExponentialCurrent(weight=0.5, delay=1.0)
    net.connect(a, b, sp.OneToOne(), synapse, plasticity=plasticity, **given)
    return net


CASES = {
    "unknown trace": (lambda: rule(on_pre="w -= z"), r"on_pre.*'z'"),
    "trace that is near": (lambda: rule(on_pre="w -= w_mox*x"), "w_max"),
    "trace of the other side": (
        lambda: rule(post_traces="dy/dt = (x - y)/tau : 1"),
        r"equation of y.*'x', which post_traces do not have",
    ),
    "jump of the other side": (lambda: rule(post_spike="x += 1"), r"post_spike.*'x'"),
    "unit in every": (lambda: rule(every="w += 0.1*x"), r"every.*nA"),
    "unit in transmit": (lambda: rule(transmit="x"), r"transmit.*nA"),
    "unit of a variable": (
        lambda: rule(variables="c : weight", on_pre="c += x"),
        r"on_pre: 'add' joins nA with 1",
    ),
    "condition without a round": (
        lambda: rule(every_if="x > 1"),
        "every_if.*condition for nothing",
    ),
    "condition on the source": (
        lambda: rule(every="w *= 2", every_if="x > 1"),
        r"every_if.*'x'",
    ),
    "condition beside a sum": (
        lambda: rule(post_traces="dy/dt = -y/tau : 1", every="w *= w_max/w_sum", every_if="y > 1"),
        "every_if.*w_sum",
    ),
    "lags of nothing": (lambda: rule(lags="z : tau"), r"lags.*a trace of pre_traces"),
    "lags by nothing": (lambda: rule(lags="x : D"), "lags.*a parameter that is a time"),
    "lags by a number": (
        lambda: rule(lags="x : D", parameters=TAU | {"D": 3.0}),
        "lags.*a parameter that is a time",
    ),
    "variables that are not declared": (lambda: rule(variables="c"), "variables.*'name : unit'"),
    "sum in on_pre": (lambda: rule(on_pre="w -= w_sum"), r"on_pre.*w_sum"),
    "noise in on_pre": (lambda: rule(on_pre="w += w_max*xi*sqrt(tau)"), r"on_pre.*xi"),
    "a trace named w": (
        lambda: rule(pre_traces="dw/dt = -w/tau : 1", on_post="w -= 0.1*w"),
        "something of its own named 'w'",
    ),
    "a trace named w_sum": (
        lambda: rule(pre_traces="dw_sum/dt = -w_sum/tau : 1", on_post="w += w_sum*w_max"),
        "something of its own named 'w_sum'",
    ),
    "the target's w": (
        lambda: rule(post_state="w : nA", post_traces="y[t+1] = w : nA"),
        "something of its own named 'w'",
    ),
    "a variable named signal": (
        lambda: rule(variables="signal : 1", on_pre="signal += 1"),
        "'signal'",
    ),
    "one name on both sides": (lambda: rule(post_traces="dx/dt = -x/tau : 1"), "x"),
    "not a rule": (lambda: connected([sp.AdditiveSTDP(), "stdp"]), "AdditiveSTDP"),
    "modulator for nobody": (
        lambda: connected(sp.AdditiveSTDP(), modulator="population"),
        "no rule listens",
    ),
    "modulator without a rule": (
        lambda: connected(None, modulator=sp.Signal([0.0], [1.0])),
        "nothing to modulate",
    ),
    "part of a population": (
        lambda: connected(sp.RewardSTDP(), modulator="part"),
        "part of a population",
    ),
    "modulator of another kind": (lambda: connected(sp.MSTDP(), modulator=1.0), "a Signal"),
    "modulator at once": (
        lambda: sp.Simulation(
            connected(sp.RewardSTDP(), modulator="population", modulator_delay=0.0)
        ),
        "modulator_delay.*at least a step",
    ),
    "state that the target lacks": (
        lambda: connected(
            rule(post_state="g : 1", post_traces="y[t+1] = g : 1", on_pre="w -= 0.1*w_max*y")
        ),
        "reads g.*has none",
    ),
    "state in another unit": (
        lambda: connected(
            rule(post_state="v : nA", post_traces="y[t+1] = v : nA", on_pre="w -= y")
        ),
        "reads v.*one in mV",
    ),
    "signal out of order": (lambda: sp.Signal([2.0, 1.0], [1.0, 0.0]), "ascend"),
    "signal before the beginning": (lambda: sp.Signal([-1.0, 1.0], [1.0, 0.0]), "from 0 ms on"),
    "signal of two lengths": (lambda: sp.Signal([1.0, 2.0], [1.0]), "as many"),
    "signal that is no number": (lambda: sp.Signal([1.0], [np.nan]), "finite"),
    "signal that is a word": (lambda: sp.Signal([1.0], ["high"]), "Signal"),
    "interval off the grid": (
        lambda: sp.Simulation(connected(sp.SynapticScaling(interval=0.25)), dt=0.1),
        "interval.*multiple of the step",
    ),
    "preset": (lambda: sp.TripletSTDP.preset("hipocampal"), "hippocampal"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_that_cannot_be_meant_is_refused(case: str) -> None:
    make, words = CASES[case]
    with pytest.raises(SpikestackError, match=f"(?s){words}"):
        make()


def test_amplitudes_have_the_unit_of_the_weight() -> None:
    pint = pytest.importorskip("pint")
    ureg = pint.UnitRegistry()
    made = []
    for w_max in (0.2, "200 uV", 0.2 * ureg.mV):
        net = sp.Network()
        cells = net.add(sp.Population("cells", 2, sp.LIF()))
        rule = sp.AdditiveSTDP(w_max=w_max)
        net.connect(cells, cells, sp.AllToAll(), sp.Delta(weight=0.1), plasticity=rule)
        made.append(sp.Simulation(net).program.plastic[0].most)
        current = sp.ExponentialCurrent(weight=0.1)
        if w_max != 0.2:
            with pytest.raises(UnitError, match="weights of this synapse are in nA"):
                net = sp.Network()
                cells = net.add(sp.Population("cells", 2, sp.LIF()))
                net.connect(cells, cells, sp.AllToAll(), current, plasticity=rule)
    assert made == pytest.approx([0.2, 0.2, 0.2])
    with pytest.raises(EquationError, match="WeightParameter"):
        sp.PlasticityRule(on_pre="w += total", parameters={"total": "100 mV"})


def test_shared_weights_cannot_learn() -> None:
    net = sp.Network()
    image = net.add(sp.Population("image", (1, 6, 6), sp.SpikeSource()))
    maps = net.add(sp.Population("maps", (1, 4, 4), sp.LIF()))
    kernel = sp.Convolution(np.full((1, 1, 3, 3), 0.5))
    with pytest.raises(SpikestackError, match="shares its weights"):
        net.connect(image, maps, kernel, sp.Delta(weight=1.0), plasticity=sp.AdditiveSTDP())
