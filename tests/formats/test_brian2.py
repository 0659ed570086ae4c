"""The same texts in Brian2 2.9 and here: golden/make_brian2.py recorded what Brian2 did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.formats import brian2

with np.load(Path(__file__).parent / "golden" / "brian2.npz", allow_pickle=False) as file:
    GOLDEN = {name: file[name] for name in file.files}
ABOUT: dict[str, Any] = json.loads(str(GOLDEN.pop("about")))

pytestmark = pytest.mark.filterwarnings("ignore::spikestack.errors.AliasHint")


def cells_of(case: dict[str, Any]) -> sp.NeuronModel:
    """The model, from Brian2's texts as they are.

    A refractory period begins with the step of the spike there, and after it here.
    """
    refractory = case["refractory"]
    if refractory:
        refractory = f"{float(refractory.split()[0]) - case.get('dt', 0.1)} ms"
    given = {**case["values"], **case["start"]}
    values = {name: np.array(numbers[1:]) * SCALES[numbers[0]] for name, numbers in given.items()}
    return sp.NeuronModel(
        case["model"],
        threshold=case["threshold"],
        reset=case["reset"],
        refractory=refractory,
        method=case["method"],
        namespace=case["namespace"],
        **values,
    )


SCALES = {"mV": 1.0, "nA": 1.0, "1": 1.0, "mV/ms": 1.0}


def run(name: str) -> tuple[np.ndarray, dict[int, list[int]]]:
    """Run a case: the trace at Brian2's samples, and spikes in steps, by neuron."""
    case = ABOUT["cases"][name]
    dt = case.get("dt", 0.1)
    net = sp.Network()
    model = cells_of(case)
    cells = net.add(sp.Population("cells", len(case["start"][case["watch"]]) - 1, model))
    for variable, (weight, *times) in case.get("input", {}).items():
        synapse, rule = brian2.synapses(
            model, on_pre=f"{variable} += step", namespace={"step": weight}
        )
        assert rule is None
        # What a spike of step n does is in the state of step n + 1; here it is dated so.
        trains = sp.SpikeTrains([np.array(times) + dt] * cells.size, synapse=synapse)
        net.drive(cells, trains, name=variable)
    net.record(cells, "spikes", case["watch"])
    result = net.run(
        case.get("duration", ABOUT["duration"]), dt=dt, precision="float64", on="reference"
    )
    stride = round(0.5 / dt)
    trace = result["cells", case["watch"]].values[0][stride - 1 :: stride]
    record = result["cells"]
    # A spike found in step n, from t_n to t_n+1, is dated t_n there and t_n+1 here.
    spikes = {i: (record.steps[record.ids == i] - 1).tolist() for i in range(cells.size)}
    return trace, spikes


@pytest.mark.parametrize("name", ABOUT["cases"])
def test_same_texts_same_traces(name: str) -> None:
    """Spikes in the same steps, and traces to rounding where the integrator is the same.

    The potential of the Hodgkin-Huxley cell rises by hundreds of mV per ms, so its tolerance is
    another. Exponential Euler takes the gates before the potential here, and then fires in the same
    steps as by the method of fourth order; in Brian2 it takes all from before the step, and fires
    up to 17 steps of 0.02 ms later.
    """
    trace, spikes = run(name)
    dt = ABOUT["cases"][name].get("dt", 0.1)
    theirs = GOLDEN[f"{name}.trace"].T[1:]
    deviation = np.abs(trace[: len(theirs)] - theirs).max()
    steps = np.rint(GOLDEN[f"{name}.spike_t"] / dt).astype(int)
    told = {i: steps[GOLDEN[f"{name}.spike_i"] == i].tolist() for i in spikes}
    if name == "hh_exponential_euler":
        assert spikes == run("hh_rk4")[1]
        assert max(abs(a - b) for i in told for a, b in zip(spikes[i], told[i], strict=True)) == 17
        return
    assert spikes == told
    assert deviation < (0.02 if name == "hh_rk4" else 1e-9)


def test_not_empty() -> None:
    """The recorded cases have spikes to be compared."""
    assert all(len(GOLDEN[f"{name}.spike_t"]) >= 3 for name in ABOUT["cases"])
    assert ABOUT["brian2"].startswith("2.9")


def test_synapses_with_stdp() -> None:
    """Weights after every spike are those of Brian2, whose spikes come in the step before.

    The target is made to fire by strong drive; the plastic synapses add to its potential too.
    """
    told = ABOUT["stdp"]
    cell = sp.NeuronModel(
        "dv/dt = -v/tau : volt",
        threshold="v > 50*mV",
        reset="v = 0*mV",
        method="exact",
        namespace={"tau": "10 ms"},
    )
    for place, start in enumerate(told["w"]):
        # A spike that jumps v is found at once here, and in the step after there.
        net = sp.Network()
        source = net.add(sp.Population("source", 1, sp.SpikeSource()))
        net.drive(source, sp.SpikeTrains([np.array(told["pre"]) - 0.1]))
        cells = net.add(sp.Population("cells", 1, cell))
        synapse, rule = brian2.synapses(
            cell, told["model"], told["on_pre"], told["on_post"],
            namespace=told["namespace"], weight=f"{start} mV", delay=0.1,
        )  # fmt: skip
        net.connect(source, cells, sp.OneToOne(), synapse, plasticity=rule)
        later = np.array(told["post"]) + 0.1
        force, _ = brian2.synapses(cell, on_pre="v += force", namespace={"force": "100 mV"})
        net.drive(cells, sp.SpikeTrains([later], synapse=force))
        net.record(cells, "spikes")
        sim = sp.Simulation(net, dt=0.1, precision="float64", on="reference")
        sim.advance(80.0)
        steps = np.unique(np.rint(GOLDEN["stdp.spike_t"] / 0.1).astype(int))
        assert sim.recording()["cells"].steps.tolist() == steps.tolist()
        weight = sim.connections("source->cells").weight[0]
        assert weight == pytest.approx(GOLDEN["stdp.end"][place], rel=1e-12)


def test_a_network_spike_by_spike() -> None:
    """A hundred cells of the conductance-based benchmark, with Brian2's connections and delays."""
    told = ABOUT["network"]
    model = sp.NeuronModel(
        told["model"],
        threshold=told["threshold"],
        reset=told["reset"],
        refractory="4.9 ms",
        method="euler",
        namespace=told["namespace"],
        v=GOLDEN["network.start"],
    )
    net = sp.Network()
    cells = net.add(sp.Population("cells", told["size"], model))
    pre, post = GOLDEN["network.pre"].astype(int), GOLDEN["network.post"].astype(int)
    for name, chosen in (("ge", pre < told["excitatory"]), ("gi", pre >= told["excitatory"])):
        synapse, _ = brian2.synapses(
            model,
            on_pre=f"{name}_post += step",
            namespace={"step": told["weights"][name]},
            delay=told["delay"],
        )
        net.connect(cells, cells, sp.FromArrays(pre[chosen], post[chosen]), synapse, name=name)
    net.record(cells, "spikes")
    record = net.run(told["duration"], dt=0.1, precision="float64", on="reference")["cells"]
    ours = sorted(zip((record.steps - 1).tolist(), record.ids.tolist(), strict=True))
    steps, ids = GOLDEN["network.spike_step"].tolist(), GOLDEN["network.spike_i"].tolist()
    theirs = sorted(zip(steps, ids, strict=True))
    assert len(theirs) > 300
    assert ours == theirs
