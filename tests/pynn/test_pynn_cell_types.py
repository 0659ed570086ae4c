"""Standard cells of PyNN against closed forms, and cells put together of parts."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyNN")

from pyNN import errors
from pyNN.parameters import Sequence

from spikestack.errors import UnknownNameError, ValidationError


@pytest.fixture
def sim() -> ModuleType:
    import spikestack.pynn as made

    made.setup(timestep=0.1, min_delay=0.1, precision="float64")
    return made


def trace(population: Any, name: str) -> np.ndarray:
    found: np.ndarray = population.get_data().segments[0].filter(name=name)[0].magnitude
    return found


def test_every_model_that_is_listed_can_be_made_and_run(sim: Any) -> None:
    names = set(sim.list_standard_models()) - {"PointNeuron"}
    assert {"IF_curr_exp", "HH_cond_exp", "GIF_cond_exp", "SpikeSourceGamma"} < names
    made = {name: sim.Population(2, getattr(sim, name)()) for name in names}
    for population in made.values():
        population.record(list(population.celltype.recordable))
    sim.run(2.0)
    for name, population in made.items():
        for signal in population.get_data().segments[0].analogsignals:
            assert signal.shape == (21, 2) and np.isfinite(signal.magnitude).all(), name


def test_models_that_are_not_there_say_so(sim: Any) -> None:
    for name in ("SpikeSourceInhGamma", "MultiQuantalSynapse"):
        with pytest.raises(NotImplementedError, match=name):
            getattr(sim, name)()


def test_current_and_weights_of_each_neuron_act_as_the_closed_form_says(sim: Any) -> None:
    taus = np.array([2.0, 5.0, 9.0])
    cells = sim.Population(3, sim.IF_curr_exp(tau_syn_E=taus, tau_m=20.0, cm=0.5, v_thresh=0.0))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[4.0]))
    synapse = sim.StaticSynapse(weight=0.3, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record(["v", "isyn_exc"])
    sim.run(20.0)
    t = np.arange(201)[:, None] * 0.1 - 5.0
    shape = np.exp(-np.maximum(t, 0) / 20.0) - np.exp(-np.maximum(t, 0) / taus)
    v = -65.0 + 0.3 / 0.5 * taus * 20.0 / (20.0 - taus) * shape
    np.testing.assert_allclose(trace(cells, "v"), v, atol=1e-9)
    current = 0.3 * np.exp(-np.maximum(t, 0) / taus) * (t > -1e-9)
    np.testing.assert_allclose(trace(cells, "isyn_exc"), current, atol=1e-9)


def test_delta_weights_are_jumps_in_millivolts(sim: Any) -> None:
    cell = sim.Population(1, sim.IF_curr_delta(tau_m=10.0))
    for times, weight, kind in (([2.0], 3.0, "excitatory"), ([4.0], -2.0, "inhibitory")):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=0.5)
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type=kind)
    cell.record("v")
    sim.run(6.0)
    t = np.arange(61) * 0.1
    v = (
        -65.0
        + 3.0 * np.exp(-(t - 2.5) / 10) * (t > 2.45)
        - 2 * np.exp(-(t - 4.5) / 10) * (t > 4.45)
    )
    np.testing.assert_allclose(trace(cell, "v")[:, 0], v, atol=1e-9)


def test_adaptation_and_refractoriness_open_conductances_that_decay(sim: Any) -> None:
    cell = sim.Population(1, sim.IF_cond_exp_gsfa_grr(i_offset=1.2))
    cell.record(["spikes", "v", "g_s", "g_r"])
    sim.run(300.0)
    spikes = cell.get_data(clear=False).segments[0].spiketrains[0].magnitude
    assert len(spikes) > 2
    t = np.arange(3001)[:, None] * 0.1
    since = np.where(t >= spikes - 1e-9, t - spikes, np.inf)
    for name, q, tau in (("g_s", 15.0, 100.0), ("g_r", 3000.0, 2.0)):
        expected = (q * np.exp(-since / tau)).sum(axis=1)
        np.testing.assert_allclose(trace(cell, name)[:, 0], expected, rtol=1e-6, atol=1e-6)
    assert trace(cell, "v").min() < -70.0


def test_adaptation_by_conductance_slows_firing(sim: Any) -> None:
    both = sim.Population(2, sim.IF_cond_exp_gsfa_grr(i_offset=1.5, q_sfa=[0.0, 30.0], q_rr=0.0))
    plain = sim.Population(1, sim.IF_cond_exp(i_offset=1.5))
    for population in (both, plain):
        population.record("spikes")
    sim.run(500.0)
    free, adapted = (train.magnitude for train in both.get_data().segments[0].spiketrains)
    np.testing.assert_allclose(free, plain.get_data().segments[0].spiketrains[0].magnitude)
    assert len(adapted) < 0.7 * len(free)


def test_escape_noise_fires_at_the_rate_that_the_hazard_says(sim: Any) -> None:
    cells = sim.Population(
        400,
        sim.GIF_cond_exp(
            v_rest=-48.0, v_reset=-48.0, v_t_star=-48.0, lambda0=50.0, tau_refrac=5.0,
            a_eta=Sequence([0.0]), tau_eta=Sequence([10.0]),
            a_gamma=Sequence([0.0, 0.0]), tau_gamma=Sequence([10.0, 20.0]),
        ),
    )  # fmt: skip
    cells.initialize(v=-48.0)
    cells.record("spikes")
    sim.run(1000.0)
    expected = 1 / (1 / 50.0 + 5e-3)
    assert cells.mean_spike_count() == pytest.approx(expected, abs=4 * math.sqrt(expected / 400))


def test_spikes_move_the_threshold_and_bring_a_current(sim: Any) -> None:
    cell = sim.Population(
        1,
        sim.GIF_cond_exp(
            i_offset=2.0, lambda0=1e4, delta_v=0.1, tau_refrac=4.0,
            a_eta=Sequence([0.1, 0.05]), tau_eta=Sequence([5.0, 50.0]),
            a_gamma=Sequence([3.0]), tau_gamma=Sequence([30.0]),
        ),
    )  # fmt: skip
    cell.record(["spikes", "v_t", "i_eta"])
    sim.run(60.0)
    first = round(cell.get_data(clear=False).segments[0].spiketrains[0].magnitude[0] / 0.1)
    threshold, current = trace(cell, "v_t")[:, 0], trace(cell, "i_eta")[:, 0]
    assert (threshold[first - 1], current[first - 1]) == (-48.0, 0.0)
    assert threshold[first] == pytest.approx(-45.0) and current[first] == pytest.approx(0.15)
    assert threshold[first + 20] == pytest.approx(-48.0 + 3 * math.exp(-2 / 30), abs=0.02)


def test_sequences_of_different_lengths_are_refused(sim: Any) -> None:
    with pytest.raises(ValidationError, match="a_eta: has 1 values"):
        _ = sim.Population(
            1, sim.GIF_cond_exp(a_eta=Sequence([1.0]), tau_eta=Sequence([1.0, 2.0]))
        ).native


def test_no_slope_factor_is_a_sharp_threshold(sim: Any) -> None:
    cell = sim.Population(1, sim.EIF_cond_exp_isfa_ista(delta_T=0.0, i_offset=1.0, a=0.0, b=0.0))
    cell.record("spikes")
    sim.run(50.0)
    first = cell.get_data().segments[0].spiketrains[0].magnitude[0]
    drive = 1.0 * 9.3667 / 0.281
    expected = -9.3667 * math.log(1 - 20.2 / drive)
    assert expected <= first < expected + 0.1001
    with pytest.raises(ValidationError, match="delta_T"):
        _ = sim.Population(2, sim.EIF_cond_exp_isfa_ista(delta_T=[0.0, 2.0])).native


@pytest.mark.slow
def test_gap_junctions_pull_both_ways(sim: Any) -> None:
    cells = sim.Population(2, sim.HH_cond_exp())
    cells.initialize(v=[-65.0, -60.0])
    synapse = sim.ElectricalSynapse(weight=0.05)
    sim.Projection(
        cells[0:1], cells[1:2], sim.AllToAllConnector(), synapse, receptor_type="source_section.gap"
    )
    cells.record("v")
    sim.run(20.0)
    v = trace(cells, "v")
    assert abs(v[0, 1] - v[0, 0]) == 5.0 and abs(v[-1, 1] - v[-1, 0]) < 0.2


def test_a_point_neuron_equals_the_cell_of_its_parts(sim: Any) -> None:
    whole = sim.Population(1, sim.IF_cond_exp(tau_syn_E=2.0, tau_syn_I=7.0, e_rev_I=-75.0))
    parts = sim.PointNeuron(
        sim.LIF(),
        fast=sim.CondExpPostSynapticResponse(tau_syn=2.0, e_syn=0.0),
        slow=sim.CondExpPostSynapticResponse(tau_syn=7.0, e_syn=-75.0),
    )
    composed = sim.Population(1, parts)
    for times, weight, kinds in (
        ([3.0, 8.0], 0.01, ("excitatory", "fast")),
        ([9.0], 0.03, ("inhibitory", "slow")),
    ):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        for target, kind in zip((whole, composed), kinds):
            sim.Projection(source, target, sim.AllToAllConnector(), synapse, receptor_type=kind)
    whole.record(["v", "gsyn_inh"])
    composed.record(["v", "slow.gsyn"])
    sim.run(30.0)
    np.testing.assert_array_equal(trace(whole, "v"), trace(composed, "v"))
    np.testing.assert_array_equal(trace(whole, "gsyn_inh"), trace(composed, "slow.gsyn"))
    assert np.ptp(trace(composed, "v")) > 1.0
    assert composed.get("slow.tau_syn") == 7.0
    composed.set(**{"slow.tau_syn": 3.0})
    assert composed.get("slow.tau_syn") == 3.0


def test_equal_receptors_of_two_names_are_two(sim: Any) -> None:
    parts = sim.PointNeuron(
        sim.LIF(),
        one=sim.CurrExpPostSynapticResponse(tau_syn=2.0),
        two=sim.CurrExpPostSynapticResponse(tau_syn=2.0),
    )
    cell = sim.Population(1, parts)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0]))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type="two")
    cell.record(["one.isyn", "two.isyn"])
    sim.run(5.0)
    assert trace(cell, "one.isyn").max() == 0.0
    assert trace(cell, "two.isyn").max() == pytest.approx(0.1)


def test_point_neurons_take_their_own_parts_only(sim: Any) -> None:
    with pytest.raises(ValidationError, match="LIF or AdExp"):
        sim.PointNeuron(sim.IF_cond_exp())
    with pytest.raises(ValidationError, match="AMPA"):
        sim.PointNeuron(sim.LIF(), AMPA=3.0)


def test_models_of_the_catalogue_are_cell_types(sim: Any) -> None:
    import spikestack as sp

    kind = sim.native_cell_type("AdEx", excitatory=sp.ExponentialConductance(tau_syn=3.0))
    native = sim.Population(2, kind(tau_w=[30.0, 144.0], i_offset=0.7))
    native.record(["spikes", "v", "w", "excitatory.g"])
    standard = sim.Population(
        2, sim.EIF_cond_exp_isfa_ista(tau_w=[30.0, 144.0], i_offset=0.7, v_spike=0.0)
    )
    standard.record("w")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    synapse = sim.StaticSynapse(weight=0.004, delay=1.0)
    sim.Projection(source, native, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    sim.run(4.0)
    np.testing.assert_allclose(trace(native, "w"), trace(standard, "w"), atol=1e-6)
    sim.run(36.0)
    assert trace(native, "excitatory.g").max() == pytest.approx(0.004)
    assert native.mean_spike_count() > 0
    with pytest.raises(UnknownNameError, match="AdEx"):
        sim.native_cell_type("AdEx2")
    with pytest.raises(ValidationError, match="a synapse"):
        sim.native_cell_type("LIF", excitatory=5.0)


def test_unknown_parameters_are_refused(sim: Any) -> None:
    for make in (sim.IF_curr_exp, sim.native_cell_type("LIF")):
        with pytest.raises(errors.NonExistentParameterError, match="tau_mm"):
            make(tau_mm=3.0)
