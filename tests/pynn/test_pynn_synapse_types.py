"""Synapse types of PyNN against closed forms."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyNN")

from pyNN import errors


@pytest.fixture
def sim() -> ModuleType:
    import spikestack.pynn as made

    made.setup(timestep=0.1, min_delay=0.1, precision="float64")
    return made


def pair(sim: Any, synapse: Any, pre: list[float], post: list[float], kind: str) -> Any:
    """One learning synapse: the target fires at the times `post`, 0.1 ms after a strong spike."""
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=pre))
    driver = sim.Population(1, sim.SpikeSourceArray(spike_times=[t - 0.1 for t in post]))
    target = sim.Population(1, sim.IF_curr_delta(tau_refrac=0.1))
    every = sim.AllToAllConnector()
    strong = sim.StaticSynapse(weight=50.0, delay=0.1)
    sim.Projection(driver, target, every, strong, receptor_type="excitatory")
    target.record("spikes")
    return sim.Projection(source, target, every, synapse, receptor_type=kind), target


def learned(projection: Any) -> float:
    found: float = projection.get("weight", format="list", with_address=False)[0]
    return found


@pytest.mark.parametrize(("fraction", "at_synapse"), [(1.0, 7.0), (0.0, 3.0), (0.5, 5.0)])
def test_the_fraction_of_the_delay_says_when_spikes_meet(
    sim: Any, fraction: float, at_synapse: float
) -> None:
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.02, A_minus=0.01, tau_plus=12.0, tau_minus=9.0),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=2.0),
        dendritic_delay_fraction=fraction,
        weight=1.0,
        delay=2.0,
    )
    # The spikes are 5 ms apart; the way back to the synapse adds to that, the way there takes.
    projection, target = pair(sim, synapse, [5.0, 60.0], [10.0], "excitatory")
    sim.run(40.0)
    assert target.get_data(clear=False).segments[0].spiketrains[0].magnitude == pytest.approx([10])
    assert learned(projection) == pytest.approx(1 + 0.02 * 2 * math.exp(-at_synapse / 12))
    sim.run(40.0)
    apart = 60.0 + (1 - fraction) * 2.0 - 10.0 - fraction * 2.0
    down = 0.01 * 2 * math.exp(-apart / 9)
    assert learned(projection) == pytest.approx(1 + 0.04 * math.exp(-at_synapse / 12) - down)


def test_inhibition_of_currents_learns_with_its_sign(sim: Any) -> None:
    synapse = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.1, A_minus=0.0),
        sim.MultiplicativeWeightDependence(w_min=0.0, w_max=-2.0),
        weight=-0.5,
        delay=0.1,
    )
    projection, _ = pair(sim, synapse, [5.0], [10.0], "inhibitory")
    sim.run(20.0)
    assert learned(projection) == pytest.approx(-0.5 - 0.1 * 1.5 * math.exp(-5.1 / 20))


def test_balancing_inhibition_follows_its_paper(sim: Any) -> None:
    synapse = sim.STDPMechanism(
        sim.Vogels2011Rule(tau=20.0, eta=0.01, rho=5.0),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=1.0),
        weight=0.5,
        delay=0.1,
    )
    projection, _ = pair(sim, synapse, [5.0], [10.0], "excitatory")
    sim.run(20.0)
    expected = 0.5 - 0.01 * 2 * 5e-3 * 20 + 0.01 * math.exp(-5.1 / 20)
    assert learned(projection) == pytest.approx(expected)


def test_dependences_that_do_not_go_together_are_refused(sim: Any) -> None:
    with pytest.raises(errors.NoModelAvailableError):
        sim.STDPMechanism(sim.Vogels2011Rule(), sim.MultiplicativeWeightDependence())
    with pytest.raises(NotImplementedError, match="voltage"):
        sim.STDPMechanism(sim.SpikePairRule(), voltage_dependence=3)


def test_mechanisms_do_not_share_what_they_are_made_of(sim: Any) -> None:
    gutig = sim.STDPMechanism(sim.SpikePairRule(), sim.GutigWeightDependence(mu_plus=0.2))
    plain = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence())
    assert "mu_plus" in gutig.translations and "mu_plus" not in plain.translations
    assert gutig.parameter_space["mu_plus"].base_value == 0.2


def test_stochastic_synapses_deliver_all_or_nothing(sim: Any) -> None:
    times = np.arange(1.0, 101.0, 1.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    cells = sim.Population(10, sim.IF_curr_delta(tau_m=0.2, v_thresh=1e6))
    chances = np.repeat([0.0, 0.3, 1.0], [1, 8, 1])
    synapse = sim.SimpleStochasticSynapse(weight=0.7, delay=0.5, p=chances[None])
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    cells.record("v")
    sim.run(102.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    steps = np.rint((times + 0.5) / 0.1).astype(int)
    jumps = v[steps] + 65.0 - (v[steps - 1] + 65.0) * math.exp(-0.5)
    arrived = jumps > 0.35
    np.testing.assert_allclose(jumps, 0.7 * arrived, atol=1e-6)
    assert not arrived[:, 0].any() and arrived[:, 9].all()
    assert arrived[:, 1:9].mean() == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 800))
    assert not np.array_equal(arrived[:, 1], arrived[:, 2])


def test_release_of_one_vesicle_delivers_its_mean_or_nothing(sim: Any) -> None:
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0, 12.0]))
    cells = sim.Population(2000, sim.IF_curr_delta(v_thresh=1e6))
    synapse = sim.StochasticTsodyksMarkramSynapse(
        weight=1.0, delay=1.0, U=0.4, tau_rec=20.0, tau_facil=0.0
    )
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    cells.record("v")
    sim.run(15.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude + 65.0
    decay = math.exp(-0.1 / 20.0)
    first, second = (np.rint(v[s] - v[s - 1] * decay) for s in (30, 130))
    assert set(first) == set(second) == {0.0, 1.0}
    assert first.mean() == pytest.approx(0.4, abs=0.045)
    left = 1 - 0.4 * math.exp(-10 / 20)
    assert second.mean() == pytest.approx(0.4 * left, abs=0.045)


def test_targets_of_different_time_constants_are_as_targets_alone(sim: Any) -> None:
    found = []
    for taus in ([2.0, 5.0], [2.0], [5.0]):
        sim.setup(timestep=0.1)
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0, 6.0, 8.0]))
        cells = sim.Population(len(taus), sim.IF_curr_exp(tau_syn_E=taus))
        synapse = sim.TsodyksMarkramSynapse(weight=0.1, delay=1.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
        cells.record("v")
        sim.run(20.0)
        found.append(np.asarray(cells.get_data().segments[0].analogsignals[0]))
    both, first, second = found
    assert np.allclose(both, np.hstack([first, second]), rtol=0, atol=1e-9)
    assert not np.allclose(first, second)
